// Writes expected.json: what Kubernetes' own YAML library and Flux's own manifest generator make of the releases, as
// the reference that the unit tests compare with. Run it here after a change of the cases below or of the versions:
//
//	go run . ../../../../../shared/releases && npx prettier --write expected.json
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/fluxcd/flux2/v2/pkg/manifestgen/install"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/sync"
	"sigs.k8s.io/yaml"
)

const fluxVersion = "v2.9.4"

// Plain scalars on which YAML 1.1, YAML 1.2 and Kubernetes differ, and some on which they don't.
var scalars = []string{
	"", "~", "null", "Null", "nil", "true", "True", "tRue", "y", "Y", "yes", "on", "On", "n", "N", "no", "off", "OFF",
	"0", "1", "-1", "+1", "0644", "0o644", "08", "0x1F", "-0x1f", "0b101", "1_000", "_1", "12:30:00", "190:20:30.15",
	"1.5", "1.", ".5", ".", "-.5", "1e3", "1E-2", "1.5e+3", "1_0.5", "e3", "0.8", "v1.0", "1.2.3", "10m", "100Mi",
	"2020-11-27", "2020-11-27T15:52:21Z", "9007199254740991", "=", "<<", "0x", "0b", "0o8", "1__0", "00", "007",
}

// A subset of FluxInstallOptions.
type options struct {
	Components         []string `json:"components,omitempty"`
	ComponentsExtra    []string `json:"componentsExtra,omitempty"`
	Namespace          string   `json:"namespace,omitempty"`
	NetworkPolicy      *bool    `json:"networkPolicy,omitempty"`
	WatchAllNamespaces *bool    `json:"watchAllNamespaces,omitempty"`
	LogLevel           string   `json:"logLevel,omitempty"`
	ClusterDomain      string   `json:"clusterDomain,omitempty"`
	Registry           string   `json:"registry,omitempty"`
	ImagePullSecret    string   `json:"imagePullSecret,omitempty"`
	TolerationKeys     []string `json:"tolerationKeys,omitempty"`
}

var no = false
var extra = []string{"image-reflector-controller", "image-automation-controller", "source-watcher"}
var optionCases = []options{
	{},
	{Components: []string{"source-controller", "kustomize-controller"}},
	{Components: []string{"kustomize-controller", "notification-controller", "source-controller"}},
	{ComponentsExtra: extra},
	{ComponentsExtra: []string{"source-watcher"}, Components: []string{"source-controller", "kustomize-controller"}},
	{Namespace: "gitops"},
	{NetworkPolicy: &no},
	{WatchAllNamespaces: &no, LogLevel: "debug"},
	{ClusterDomain: "corp.example"},
	{Registry: "registry.example.com/mirror/fluxcd", ImagePullSecret: "regcred"},
	{TolerationKeys: []string{"dedicated", "node.kubernetes.io/dedicated-to-flux"}},
	{
		ComponentsExtra: extra, Namespace: "gitops", NetworkPolicy: &no, WatchAllNamespaces: &no, LogLevel: "error",
		ClusterDomain: "corp.example", Registry: "localhost:5000", ImagePullSecret: "regcred",
		TolerationKeys: []string{"dedicated"},
	},
}

// Of the repository that Flux follows.
type syncOptions struct {
	URL               string   `json:"url"`
	Branch            string   `json:"branch"`
	Path              string   `json:"path"`
	Interval          string   `json:"interval"`
	Namespace         string   `json:"namespace"`
	Name              string   `json:"name"`
	Secret            string   `json:"secret"`
	RecurseSubmodules bool     `json:"recurseSubmodules,omitempty"`
	SparseCheckout    []string `json:"sparseCheckout,omitempty"`
}

var syncCases = []syncOptions{
	{
		URL: "https://git.example.com/fleet.git", Branch: "main", Path: "./", Interval: "1m0s",
		Namespace: "flux-system", Name: "flux-system", Secret: "flux-system",
	},
	{
		URL: "ssh://git@git.example.com/fleet.git", Branch: "release", Path: "./clusters/staging", Interval: "5m0s",
		Namespace: "gitops", Name: "fleet", Secret: "of-git", RecurseSubmodules: true,
		SparseCheckout: []string{"clusters/staging", "apps"},
	},
}

// A file that Flux commits.
type expectedFile struct {
	Options syncOptions `json:"options"`
	Path    string      `json:"path"`
	Content string      `json:"content"`
}

func generateSync(o syncOptions) expectedFile {
	all := sync.MakeDefaultOptions()
	interval, err := time.ParseDuration(o.Interval)
	must(err)
	all.Interval = interval
	all.URL = o.URL
	all.Branch = o.Branch
	all.TargetPath = o.Path
	all.Namespace = o.Namespace
	all.Name = o.Name
	all.Secret = o.Secret
	all.RecurseSubmodules = o.RecurseSubmodules
	all.SparseCheckout = o.SparseCheckout
	manifest, err := sync.Generate(all)
	must(err)
	return expectedFile{o, manifest.Path, manifest.Content}
}

type expectedInstall struct {
	Options options `json:"options"`
	Objects int     `json:"objects"`
	Sha256  string  `json:"sha256"`
}

func main() {
	releases := os.Args[1]
	expected := struct {
		Comment     string            `json:"comment"`
		Scalars     map[string]any    `json:"scalars"`
		Manifests   map[string]string `json:"manifests"`
		FluxVersion string            `json:"fluxVersion"`
		FluxInstall []expectedInstall `json:"fluxInstall"`
		FluxSync    []expectedFile    `json:"fluxSync"`
	}{
		Comment:     "Written by main.go. A sha256 is that of the objects as a JSON list with sorted keys.",
		Scalars:     map[string]any{},
		Manifests:   map[string]string{},
		FluxVersion: fluxVersion,
	}
	for _, scalar := range scalars {
		var document map[string]any
		must(yaml.Unmarshal([]byte("value: "+scalar+"\n"), &document))
		expected.Scalars[scalar] = document["value"]
	}
	files, err := filepath.Glob(filepath.Join(releases, "*.yaml"))
	must(err)
	for _, file := range files {
		expected.Manifests[filepath.Base(file)] = digest(objects(read(file)))
	}
	base := fluxBase(objects(read(filepath.Join(releases, "flux-"+fluxVersion+".yaml"))))
	for _, o := range optionCases {
		generated := objects(generate(base, o))
		expected.FluxInstall = append(expected.FluxInstall, expectedInstall{o, len(generated), digest(generated)})
	}
	for _, o := range syncCases {
		expected.FluxSync = append(expected.FluxSync, generateSync(o))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	must(encoder.Encode(expected))
	must(os.WriteFile("expected.json", out.Bytes(), 0o644))
}

// The input of Flux's generator is a folder with a file for each controller, one for the roles and one for the network
// policies, which the flux command embeds when it is built. install.yaml is built from the same files; taking back what
// that build adds gives them again. That it does is shown by the first case: it equals what the flux command wrote.
func fluxBase(installYaml []map[string]any) map[string]string {
	files := map[string]string{}
	for _, object := range installYaml {
		metadata := object["metadata"].(map[string]any)
		labels := metadata["labels"].(map[string]any)
		if object["kind"] == "Namespace" {
			continue
		}
		delete(metadata, "namespace")
		delete(labels, "app.kubernetes.io/instance")
		file, isComponent := labels["app.kubernetes.io/component"].(string)
		if !isComponent {
			delete(labels, "app.kubernetes.io/part-of")
			file = "rbac"
			if object["kind"] == "NetworkPolicy" {
				file = "policies"
			}
		}
		if object["kind"] == "Deployment" {
			template := object["spec"].(map[string]any)["template"].(map[string]any)
			delete(template["metadata"].(map[string]any)["labels"].(map[string]any), "app.kubernetes.io/instance")
			container := template["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
			container["image"] = strings.TrimPrefix(container["image"].(string), "ghcr.io/")
		}
		text, err := yaml.Marshal(object)
		must(err)
		files[file+".yaml"] += "---\n" + string(text)
	}
	return files
}

func generate(base map[string]string, o options) []byte {
	dir, err := os.MkdirTemp("", "flux-install-")
	must(err)
	defer os.RemoveAll(dir)
	for name, text := range base {
		must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	all := install.MakeDefaultOptions()
	all.Version = fluxVersion
	if o.Components != nil {
		all.Components = o.Components
	}
	all.Components = append(all.Components, o.ComponentsExtra...)
	setString(&all.Namespace, o.Namespace)
	setString(&all.LogLevel, o.LogLevel)
	setString(&all.ClusterDomain, o.ClusterDomain)
	setString(&all.Registry, o.Registry)
	setString(&all.ImagePullSecret, o.ImagePullSecret)
	all.NetworkPolicy = o.NetworkPolicy == nil || *o.NetworkPolicy
	all.WatchAllNamespaces = o.WatchAllNamespaces == nil || *o.WatchAllNamespaces
	all.TolerationKeys = o.TolerationKeys
	manifest, err := install.Generate(all, dir)
	must(err)
	return []byte(manifest.Content)
}

func setString(field *string, value string) {
	if value != "" {
		*field = value
	}
}

var documentStart = regexp.MustCompile(`(?m)^---.*$`)

func objects(manifest []byte) []map[string]any {
	var all []map[string]any
	for _, text := range documentStart.Split(string(manifest), -1) {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		must(err)
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.UseNumber()
		var object map[string]any
		must(decoder.Decode(&object))
		if object != nil {
			all = append(all, object)
		}
	}
	return all
}

func digest(objects []map[string]any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(objects))
	sum := sha256.Sum256(bytes.TrimSpace(out.Bytes()))
	return hex.EncodeToString(sum[:])
}

func read(path string) []byte {
	text, err := os.ReadFile(path)
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
