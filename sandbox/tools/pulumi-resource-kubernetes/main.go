// The official Pulumi Kubernetes provider, built from its own Go module.
//
// The upstream main embeds a schema and a Terraform mapping that its build generates. Both serve code generation and
// `pulumi convert` only; create, read, update, delete and await, which is what a cluster sees, never read them.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	provider.Serve("kubernetes", version.Version, []byte(`{"name":"kubernetes"}`), []byte("{}"))
}
