#!/usr/bin/env bash
# What one would write without Pulumi: the same releases and the same objects by kubectl, in the order that works, with
# every wait that it takes. The folder has the manifests.
#
#     byHand.sh install FOLDER
#     byHand.sh secrets FOLDER
#     byHand.sh remove FOLDER
set -euo pipefail
cd "$2"

# The first try fails while the release's own webhooks don't serve yet.
apply() {
    for _ in $(seq 30); do
        if kubectl apply --server-side --force-conflicts -f "$1" >/dev/null 2>>log; then return; fi
        sleep 2
    done
    tail log >&2
    exit 1
}
ready() { kubectl -n "$1" wait --for=condition=Available deployment --all --timeout=5m >/dev/null; }

secrets() {
    local token header
    token=$(head -c 32 /dev/urandom | base64)
    header=$(head -c 32 /dev/urandom | base64)
    kubectl -n flux-system create secret generic generic-receiver-token --from-literal=token="$token" >/dev/null
    kubectl -n flux-system create secret generic tekton-el-provider-headers \
        --from-literal=headers="X-Flux-Event-Token: $header" >/dev/null
    kubectl create secret generic flux-event-listener-token --from-literal=token="$header" >/dev/null
}

install() {
    apply pipelines.yaml
    ready tekton-pipelines
    apply triggers.yaml
    apply interceptors.yaml
    ready tekton-pipelines
    kubectl wait clusterinterceptors --all --for='jsonpath={.spec.clientConfig.caBundle}' --timeout=5m >/dev/null
    apply flux.yaml
    ready flux-system
    secrets
    apply tekton-chain.yaml
    kubectl wait eventlistener/flux-event-listener --for=condition=Ready --timeout=5m >/dev/null
    apply flux-chain.yaml
    kubectl -n flux-system wait gitrepository/flux-system kustomization/flux-system receiver/generic-receiver \
        --for=condition=Ready --timeout=5m >/dev/null
}

# What has controllers that must see it go, first; then the webhooks that would refuse what comes after.
remove() {
    kubectl delete -f flux-chain.yaml -f tekton-chain.yaml --ignore-not-found >/dev/null
    kubectl delete secret flux-event-listener-token --ignore-not-found >/dev/null
    kubectl delete -f interceptors.yaml --ignore-not-found >/dev/null
    kubectl delete validatingwebhookconfigurations,mutatingwebhookconfigurations --all >/dev/null
    kubectl delete -f triggers.yaml -f pipelines.yaml -f flux.yaml --ignore-not-found >/dev/null
}

case $1 in
    install) install ;;
    secrets) secrets ;;
    remove) remove ;;
    *) echo "usage: byHand.sh install|secrets|remove FOLDER" >&2; exit 2 ;;
esac
