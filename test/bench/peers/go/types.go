package main

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "yugabyte.com", Version: "v1beta1"}

// A YBCluster as far as the benchmark declares it: what the API server adds by default is not decoded.
type ServerGroup struct {
	Flags     map[string]string           `json:"flags,omitempty"`
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`
}

type YBClusterSpec struct {
	Nodes      int32       `json:"nodes,omitempty"`
	AllowLists []string    `json:"allowLists,omitempty"`
	Masters    ServerGroup `json:"masters,omitempty"`
	Tservers   ServerGroup `json:"tservers,omitempty"`
}

type YBClusterStatus struct {
	Phase              string             `json:"phase,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type YBCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              YBClusterSpec   `json:"spec,omitempty"`
	Status            YBClusterStatus `json:"status,omitempty"`
}

type YBClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []YBCluster `json:"items"`
}

func (group *ServerGroup) copied() ServerGroup {
	return ServerGroup{Flags: maps.Clone(group.Flags), Resources: *group.Resources.DeepCopy()}
}

func (cluster *YBCluster) DeepCopyInto(out *YBCluster) {
	*out = *cluster
	cluster.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.AllowLists = slices.Clone(cluster.Spec.AllowLists)
	out.Spec.Masters, out.Spec.Tservers = cluster.Spec.Masters.copied(), cluster.Spec.Tservers.copied()
	out.Status.Conditions = slices.Clone(cluster.Status.Conditions) // of values alone
}

func (cluster *YBCluster) DeepCopyObject() runtime.Object { return cluster.DeepCopy() }

func (list *YBClusterList) DeepCopyObject() runtime.Object {
	out := &YBClusterList{TypeMeta: list.TypeMeta, Items: make([]YBCluster, len(list.Items))}
	list.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range list.Items {
		list.Items[i].DeepCopyInto(&out.Items[i])
	}
	return out
}

func addToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &YBCluster{}, &YBClusterList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}

func (cluster *YBCluster) DeepCopy() *YBCluster {
	out := &YBCluster{}
	cluster.DeepCopyInto(out)
	return out
}
