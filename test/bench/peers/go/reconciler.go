package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const manager = "peer"

type kind struct {
	version  schema.GroupVersion
	resource string
	typed    func() client.Object
}

var kinds = map[string]kind{
	"ServiceAccount":      {corev1.SchemeGroupVersion, "serviceaccounts", func() client.Object { return &corev1.ServiceAccount{} }},
	"ConfigMap":           {corev1.SchemeGroupVersion, "configmaps", func() client.Object { return &corev1.ConfigMap{} }},
	"Secret":              {corev1.SchemeGroupVersion, "secrets", func() client.Object { return &corev1.Secret{} }},
	"Service":             {corev1.SchemeGroupVersion, "services", func() client.Object { return &corev1.Service{} }},
	"PodDisruptionBudget": {policyv1.SchemeGroupVersion, "poddisruptionbudgets", func() client.Object { return &policyv1.PodDisruptionBudget{} }},
	"StatefulSet":         {appsv1.SchemeGroupVersion, "statefulsets", func() client.Object { return &appsv1.StatefulSet{} }},
	"NetworkPolicy":       {networkingv1.SchemeGroupVersion, "networkpolicies", func() client.Object { return &networkingv1.NetworkPolicy{} }},
}

type reconciler struct {
	client.Client
	template *Template
	metadata bool // caches and answers hold metadata alone
	expect   int
	lock     sync.Mutex
	seen     map[types.NamespacedName]bool
}

func say(what string, count int) {
	fmt.Printf("event %s %d %d\n", what, count, time.Now().UnixNano())
}

func (r *reconciler) object(name string) client.Object {
	if !r.metadata {
		return kinds[name].typed()
	}
	out := &metav1.PartialObjectMetadata{}
	out.SetGroupVersionKind(kinds[name].version.WithKind(name))
	return out
}

// child applies what is not there, not ours, or of another hash.
func (r *reconciler) child(ctx context.Context, cluster *YBCluster, child Child) error {
	live := r.object(child.Kind)
	err := r.Get(ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: child.Name}, live)
	if err == nil && live.GetAnnotations()[hashKey] == child.Hash && metav1.IsControlledBy(live, cluster) {
		return nil
	}
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	wanted := r.object(child.Kind)
	wanted.SetName(child.Name)
	wanted.SetNamespace(cluster.Namespace)
	return r.Patch(ctx, wanted, client.RawPatch(types.ApplyPatchType, child.Body), client.FieldOwner(manager), client.ForceOwnership)
}

func (r *reconciler) bring(ctx context.Context, cluster *YBCluster) error {
	if !slices.Contains(cluster.Finalizers, r.template.Finalizer) {
		patch := client.RawPatch(types.MergePatchType, r.template.finalizerPatch())
		if err := r.Patch(ctx, cluster.DeepCopy(), patch, client.FieldOwner(manager)); err != nil {
			return err
		}
	}
	for _, child := range r.template.children(cluster) {
		if err := r.child(ctx, cluster, child); err != nil {
			return err
		}
	}
	if cluster.Status.ObservedGeneration == cluster.Generation {
		return nil
	}
	return r.Status().Patch(ctx, cluster.DeepCopy(), client.RawPatch(types.MergePatchType, r.template.statusPatch(cluster)), client.FieldOwner(manager))
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cluster := &YBCluster{}
	if err := r.Get(ctx, request.NamespacedName, cluster); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if err := r.bring(ctx, cluster); err != nil {
		if apierrors.IsConflict(err) {
			return ctrl.Result{RequeueAfter: time.Millisecond}, nil
		}
		return ctrl.Result{}, err
	}
	r.note(request.NamespacedName)
	return ctrl.Result{}, nil
}

func (r *reconciler) note(name types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if !r.seen[name] {
		r.seen[name] = true
		if len(r.seen) == r.expect {
			say("all-processed", r.expect)
		}
	}
}

func (r *reconciler) forget() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.seen = map[types.NamespacedName]bool{}
}
