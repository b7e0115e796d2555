#!/bin/sh
# What the catch-up's pod runs, with nothing but sh and curl at hand. Its environment:
#   ROUTES        a line each: prefix of its runs' names; kind, namespace, name and collection's path of its source
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
# where each route's source has been followed.
pending=/tmp/pending
places=/tmp/places
mkdir -p "$pending" "$places"

# Asks the API server. The account's token is another one every hour; it must not stand in a command line.
ask() {
    printf 'Authorization: Bearer %s' "$(cat "$account/token")" |
        curl -fsS --connect-timeout 10 --max-time 20 --cacert "$account/ca.crt" -H @- "$@"
}

# Has the EventListener take an event.
send() {
    printf '%s: %s' "$LISTENER_HEADER" "$(cat "$secret/token")" |
        curl -fsS --connect-timeout 5 --max-time 20 -H @- -H 'Content-Type: application/json' \
            -H "Gotk-Component: $SENDER" -d "$1" -o /dev/null "$LISTENER"
}

# Notes each revision that a route's source has, in a file of its own: when that was, how long to wait before it is sent,
# the run's name, and the event: what the EventListener reads of the source, and which route it is for.
follow() {
    prefix=$1 kind=$2 namespace=$3 name=$4 collection=$5
    place=$places/$prefix
    while true; do
        version='' noted=''
        [ ! -f "$place" ] || read -r version noted <"$place"
        {
            # From its place, so that no revision is missed between two watches; or else from what the source is now.
            ask -N --max-time 330 "$api$collection?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&fieldSelector=metadata.name=$name&resourceVersion=$version"
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
                run="$prefix$(printf "%.${RUN_DIGITS}s" "${revision##*:}")"
                if [ "$run" != "$noted" ] && [ ! -f "$pending/$run" ]; then
                    printf '%s %s %s {"runNamePrefix":"%s","kind":"%s","metadata":{"namespace":"%s","name":"%s"},"status":{"artifact":{"revision":"%s"}}}\n' \
                        "$since" "$HEAD_START" "$run" "$prefix" "$kind" "$namespace" "$name" "$revision" \
                        >"$place.new" && mv "$place.new" "$pending/$run"
                fi
                noted=$run
            fi
            version=${change#*'"resourceVersion":"'}
            [ "$version" = "$change" ] || echo "${version%%'"'*} $noted" >"$place"
        done
        sleep "$TICK"
    done
}

# Sends what a file has noted, if it is time and its run isn't there. It looks for the run soon and often at first: one
# that was there is done, whoever removes it later. What the listener took may still get lost, or be what a route's filter
# keeps out: it is sent again, at growing intervals, for a day. Who doesn't answer now is asked again the next time.
settle() {
    now=$2
    read -r since pause run event <"$1"
    # A node that lost its power may leave a file without its content.
    if [ -z "$event" ]; then
        rm "$1"
        return 0
    fi
    [ "$now" -lt $((since + HEAD_START)) ] || [ "$now" -ge $((since + pause)) ] || return 0
    case $(ask -o /dev/null -w '%{http_code}' "$api$RUNS/$run" 2>/dev/null) in
    200)
        echo "$run is there"
        rm "$1"
        ;;
    404)
        if [ "$now" -lt $((since + pause)) ]; then return 0; fi
        send "$event" || return 0
        echo "sent $run"
        if [ "$pause" -lt 86400 ]; then
            printf '%s %s %s %s\n' "$now" "$((pause * 2))" "$run" "$event" >"$pending.new" && mv "$pending.new" "$1"
        else
            rm "$1"
        fi
        ;;
    esac
}

followers=
while read -r route; do
    # shellcheck disable=SC2086 # its words are the arguments
    follow $route &
    followers="$followers $!"
done <<EOF
$ROUTES
EOF
# shellcheck disable=SC2086 # a list
while sleep "$TICK" && kill -0 $followers; do
    now=$(date +%s)
    # The oldest first.
    # shellcheck disable=SC2012 # no name has anything but letters, digits and dashes
    ls -tr "$pending" | while read -r run; do settle "$pending/$run" "$now"; done
done
exit 1
