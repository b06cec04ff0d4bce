// peer does the operator's work with controller-runtime, or sends it as bare load. See ../../README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const workers = 8

// listen: SIGUSR1 forgets which clusters were seen, SIGUSR2 also puts all of them into the queue.
func listen(from client.Client, r *reconciler, queue chan<- event.GenericEvent) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	for which := range signals {
		r.forget()
		if which == syscall.SIGUSR1 {
			continue
		}
		fleet := YBClusterList{}
		if err := from.List(context.Background(), &fleet, client.UnsafeDisableDeepCopy); err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		say("enqueue", len(fleet.Items))
		for i := range fleet.Items {
			name := metav1.ObjectMeta{Namespace: fleet.Items[i].Namespace, Name: fleet.Items[i].Name}
			queue <- event.GenericEvent{Object: &YBCluster{ObjectMeta: name}}
		}
	}
}

func operate(config *rest.Config, r *reconciler) error {
	scheme := runtime.NewScheme()
	addToScheme(scheme)
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	options := ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "127.0.0.1:0"}}
	if r.metadata {
		options.Cache.DefaultTransform = cache.TransformStripManagedFields()
	}
	config.QPS, config.Burst = 1000, 2000
	all, err := ctrl.NewManager(config, options)
	if err != nil {
		return err
	}
	queue := make(chan event.GenericEvent)
	build := ctrl.NewControllerManagedBy(all).For(&YBCluster{}).WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		WatchesRawSource(source.Channel(queue, &handler.EnqueueRequestForObject{}))
	for _, kind := range kinds {
		if r.metadata {
			build = build.Owns(kind.typed(), builder.OnlyMetadata)
		} else {
			build = build.Owns(kind.typed())
		}
	}
	r.Client, r.seen = all.GetClient(), map[types.NamespacedName]bool{}
	if err := build.Complete(r); err != nil {
		return err
	}
	go listen(all.GetClient(), r, queue)
	return all.Start(ctrl.SetupSignalHandler())
}

func run() error {
	path := flag.String("template", "", "what documents.py took from our operator")
	variant := flag.String("cache", "default", "default, metadata, or load: no operator, bare load")
	expect := flag.Int("expect", 0, "say all-processed once this many clusters have had a pass")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	template, err := readTemplate(*path)
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	if *variant != "load" {
		return operate(config, &reconciler{template: template, metadata: *variant == "metadata", expect: *expect})
	}
	if err := load(config, template); err != nil {
		return err
	}
	say("all-processed", *expect)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
