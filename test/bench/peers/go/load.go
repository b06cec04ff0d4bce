package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"k8s.io/client-go/rest"
)

// Connections on which the bare load is sent.
const connections = 16

type request struct {
	path, contentType string
	body              []byte
}

func send(client *http.Client, server, method string, what request) ([]byte, error) {
	asked, err := http.NewRequest(method, server+what.path, bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	asked.Header.Set("Content-Type", what.contentType)
	asked.Header.Set("Accept", "application/json")
	answer, err := client.Do(asked)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, what.path, answer.StatusCode, text)
	}
	return text, err
}

// requests are all that a cluster costs an operator that reads nothing and is told nothing.
func (template *Template) requests(cluster *YBCluster) []request {
	own := fmt.Sprintf("/apis/%s/namespaces/%s/ybclusters/%s", groupVersion, cluster.Namespace, cluster.Name)
	const merge, apply = "application/merge-patch+json", "application/apply-patch+yaml"
	out := []request{{own + "?fieldManager=" + manager, merge, template.finalizerPatch()}}
	for _, child := range template.children(cluster) {
		kind := kinds[child.Kind]
		root := "/apis/" + kind.version.String()
		if kind.version.Group == "" {
			root = "/api/" + kind.version.Version
		}
		path := fmt.Sprintf("%s/namespaces/%s/%s/%s?fieldManager=%s&force=true", root, cluster.Namespace, kind.resource, child.Name, manager)
		out = append(out, request{path, apply, child.Body})
	}
	return append(out, request{own + "/status?fieldManager=" + manager, merge, template.statusPatch(cluster)})
}

// load sends what the fleet needs as fast as the API server takes it: nobody can be faster.
func load(config *rest.Config, template *Template) error {
	config.NextProtos, config.QPS = []string{"http/1.1"}, -1
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	text, err := send(client, config.Host, "GET", request{path: fmt.Sprintf("/apis/%s/ybclusters", groupVersion)})
	if err != nil {
		return err
	}
	fleet := YBClusterList{}
	if err := json.Unmarshal(text, &fleet); err != nil {
		return err
	}
	clusters, failures, workers := make(chan *YBCluster), make(chan error, connections), sync.WaitGroup{}
	for range connections {
		workers.Go(func() {
			for cluster := range clusters {
				for _, one := range template.requests(cluster) {
					if _, err := send(client, config.Host, "PATCH", one); err != nil && len(failures) == 0 {
						failures <- err
					}
				}
			}
		})
	}
	for i := range fleet.Items {
		clusters <- &fleet.Items[i]
	}
	close(clusters)
	workers.Wait()
	close(failures)
	return <-failures
}
