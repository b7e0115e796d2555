#!/bin/sh
# What the catch-up's pod runs, with nothing but sh and curl at hand. Its environment:
#   SOURCES       a line each: kind, namespace, name, its collection's path, and the prefixes of its routes' runs' names
#   RUNS          path of the PipelineRuns
#   RUN_DIGITS    how many of a revision's digits a run is named by
#   LISTENER, LISTENER_HEADER, SENDER    where to post to, the header for its token, and by which name
#   HEAD_START    seconds that Flux's own event has
#   TICK          seconds between two looks at what is noted
set -u
api="https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
account=/var/run/secrets/kubernetes.io/serviceaccount
secret=/var/run/secrets/flux-to-tekton
# Both outlive the container, and a restart of the node, but not the pod: the revisions that are to be settled, and up to
# where each source has been followed.
pending=/tmp/pending
places=/tmp/places
mkdir -p "$pending" "$places"

# Asks the API server. The account's token is another one every hour; it must not stand in a command line.
ask() {
    printf 'Authorization: Bearer %s' "$(cat "$account/token")" |
        curl -sS --connect-timeout 10 --max-time 20 --cacert "$account/ca.crt" -H @- "$@"
}

# Has the EventListener take an event.
send() {
    printf '%s: %s' "$LISTENER_HEADER" "$(cat "$secret/token")" |
        curl -fsS --connect-timeout 5 --max-time 20 -H @- -H 'Content-Type: application/json' \
            -H "Gotk-Component: $SENDER" -d "$1" -o /dev/null "$LISTENER"
}

# Notes in a file, at once and whole: since when, how long to wait before it is sent, and what.
note() {
    new=$places/${1##*/}.new
    printf '%s %s %s\n' "$2" "$3" "$4" >"$new" && mv "$new" "$1"
}

# Notes each revision that a source has, in a file of its own: its digits, the prefixes of the names of the runs that it
# has to have, and the event that Flux would send of it.
follow() {
    kind=$1 namespace=$2 name=$3 collection=$4
    shift 4
    prefixes=$(IFS=, && echo "$*")
    source=$kind.$namespace.$name
    place=$places/$source
    while true; do
        version='' noted=''
        [ ! -f "$place" ] || read -r version noted <"$place"
        {
            # From its place, so that no revision is missed between two watches; or else from what the source is now.
            ask -fN --max-time 330 "$api$collection?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&fieldSelector=metadata.name=$name&resourceVersion=$version"
            # An HTTP error, such as 410 Gone: from there the API server can't go on.
            [ $? -ne 22 ] || rm -f "$place"
        } | while read -r change; do
            case $change in
            # Of what is there already Flux sends no event any more.
            '{"type":"ADDED"'*) since=0 ;;
            '{"type":"ERROR"'*) rm -f "$place" && continue ;;
            *) since=$(date +%s) ;;
            esac
            artifact=${change#*'"artifact":{'}
            if [ "$artifact" != "$change" ]; then
                # The last field before the size: an OCI artifact's own metadata, which come first, may have its name.
                revision=${artifact%%'","size":'[0-9]*}
                revision=${revision##*'"revision":"'}
                digits=$(printf "%.${RUN_DIGITS}s" "${revision##*:}")
                file=$pending/$source.$digits
                if [ "$digits" != "$noted" ] && [ ! -f "$file" ]; then
                    note "$file" "$since" "$HEAD_START" \
                        "$digits $prefixes \"involvedObject\":{\"kind\":\"$kind\",\"namespace\":\"$namespace\",\"name\":\"$name\"},\"severity\":\"info\",\"message\":\"stored artifact for revision '$revision'\",\"metadata\":{\"revision\":\"$revision\"}"
                fi
                noted=$digits
            fi
            version=${change#*'"resourceVersion":"'}
            [ "$version" = "$change" ] || echo "${version%%'"'*} $noted" >"$place"
        done
        sleep "$TICK"
    done
}

# Sends what a file has noted, if it is time, for the routes whose runs aren't there. It looks for them soon and often at
# first: one that was there is done, whoever removes it later. What the listener took may still get lost, or be what a
# route's filter keeps out: it is sent again, at growing intervals, for a day. Who doesn't answer now is asked again the
# next time.
settle() {
    now=$2
    read -r since pause digits prefixes event <"$1"
    # A node that lost its power may leave a file without its content.
    if [ -z "$event" ]; then
        rm "$1"
        return 0
    fi
    [ "$now" -lt $((since + 5)) ] || [ "$now" -ge $((since + pause)) ] || return 0
    # By one curl, and so on one connection, however many they are.
    answers=$(ask --fail-early -o /dev/null -w '%{http_code} %{url_effective}\n' "$api$RUNS/{$prefixes}$digits" 2>/dev/null) ||
        return 0
    missing=''
    while read -r status url; do
        run=${url##*/}
        case $status in
        200) echo "$run is there" ;;
        404) missing=$missing,${run%"$digits"} ;;
        *) return 0 ;;
        esac
    done <<EOF
$answers
EOF
    missing=${missing#,}
    if [ -z "$missing" ]; then
        rm "$1"
        return 0
    fi
    if [ "$missing" != "$prefixes" ]; then
        # It stays as old as it was.
        touch -r "$1" "$places/age"
        note "$1" "$since" "$pause" "$digits $missing $event"
        touch -r "$places/age" "$1"
    fi
    [ "$now" -ge $((since + pause)) ] || return 0
    # shellcheck disable=SC2086 # a list
    routes=$(IFS=, && printf '"%s",' $missing)
    send "{\"runNamePrefixes\":[${routes%,}],$event}" || return 0
    echo "sent $digits for $missing"
    if [ "$pause" -lt 86400 ]; then
        note "$1" "$now" "$((pause * 2))" "$digits $missing $event"
    else
        rm "$1"
    fi
}

followers=
while read -r source; do
    # shellcheck disable=SC2086 # its words are the arguments
    follow $source &
    followers="$followers $!"
done <<EOF
$SOURCES
EOF
# shellcheck disable=SC2086 # a list
while sleep "$TICK" && kill -0 $followers; do
    now=$(date +%s)
    # The oldest first.
    # shellcheck disable=SC2012 # no name has anything but letters, digits, dots and dashes
    ls -tr "$pending" | while read -r revision; do settle "$pending/$revision" "$now"; done
done
exit 1
