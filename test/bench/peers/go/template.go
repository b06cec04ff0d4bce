package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The annotation by which an applied child is known to be as wanted. documents.py puts @hash@ there.
const hashKey = "bench.yugabyte.com/hash"

// Template is what documents.py took from a cluster of our operator: its children and its status, with @name@,
// @namespace@, @uid@, @hash@, "@generation@" and @now@ in the places of what differs. The text of a Secret's data is plain.
type Template struct {
	Finalizer string          `json:"finalizer"`
	Status    json.RawMessage `json:"status"`
	Children  []struct {
		Kind     string            `json:"kind"`
		Name     string            `json:"name"`
		Document json.RawMessage   `json:"document"`
		Data     map[string]string `json:"data"`
	} `json:"children"`
}

// Child is one object that a cluster shall have.
type Child struct {
	Kind, Name, Hash string
	Body             []byte
}

func readTemplate(path string) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	template := &Template{}
	return template, json.Unmarshal(text, template)
}

func filler(cluster *YBCluster) *strings.Replacer {
	return strings.NewReplacer("@name@", cluster.Name, "@namespace@", cluster.Namespace, "@uid@", string(cluster.UID),
		`"@generation@"`, strconv.FormatInt(cluster.Generation, 10), "@now@", time.Now().UTC().Format(time.RFC3339))
}

// flagLines are the cluster's own flags, as our operator appends them.
func flagLines(cluster *YBCluster, name string) string {
	group := map[string]ServerGroup{cluster.Name + "-master-flags": cluster.Spec.Masters, cluster.Name + "-tserver-flags": cluster.Spec.Tservers}
	lines := make([]string, 0, len(group[name].Flags))
	for flag, value := range group[name].Flags {
		lines = append(lines, fmt.Sprintf("--%s=%s\n", flag, value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// children renders by replacing text, which costs less than the typed documents of a usual operator.
func (template *Template) children(cluster *YBCluster) []Child {
	fill, out := filler(cluster), make([]Child, 0, len(template.Children))
	for i := range template.Children {
		from := &template.Children[i]
		name, body := fill.Replace(from.Name), fill.Replace(string(from.Document))
		if from.Kind == "Secret" {
			own, data := flagLines(cluster, name), make(map[string][]byte, len(from.Data))
			for key, text := range from.Data {
				data[fill.Replace(key)] = []byte(fill.Replace(text) + own)
			}
			encoded, _ := json.Marshal(data) // of bytes: cannot fail
			body = fmt.Sprintf(`%s,"data":%s}`, strings.TrimSuffix(body, "}"), encoded)
		}
		digest := fnv.New128a()
		digest.Write([]byte(body))
		hash := hex.EncodeToString(digest.Sum(nil))
		out = append(out, Child{from.Kind, name, hash, []byte(strings.Replace(body, "@hash@", hash, 1))})
	}
	return out
}

// statusPatch is a merge patch of the whole status.
func (template *Template) statusPatch(cluster *YBCluster) []byte {
	return []byte(filler(cluster).Replace(fmt.Sprintf(`{"status":%s}`, template.Status)))
}

func (template *Template) finalizerPatch() []byte {
	return []byte(fmt.Sprintf(`{"metadata":{"finalizers":[%q]}}`, template.Finalizer))
}
