package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// runCloud plays the two parts that a cloud's controllers play: it resizes volumes, and it gives
// LoadBalancer Services an address out of 203.0.113.0/24 (RFC 5737, documentation only).
func runCloud(args []string) int {
	flags := flag.NewFlagSet("cloud", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	_ = flags.Parse(args)
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	client := kubernetes.NewForConfigOrDie(config)
	for ctx.Err() == nil {
		if err := resizeVolumes(ctx, client); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "volumes:", err)
		}
		if err := giveAddresses(ctx, client); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "load balancers:", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return 0
}

// cached lists from the API server's cache: at thousands of objects a quorum read each second would cost.
var cached = metav1.ListOptions{ResourceVersion: "0"}

func resizeVolumes(ctx context.Context, client kubernetes.Interface) error {
	claims, err := client.CoreV1().PersistentVolumeClaims("").List(ctx, cached)
	if err != nil {
		return err
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
		if claim.Status.Phase != corev1.ClaimBound || has.Cmp(wanted) >= 0 {
			continue
		}
		patch, _ := json.Marshal(map[string]any{"status": map[string]any{"capacity": map[string]string{"storage": wanted.String()}}})
		_, err := client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
		if err != nil {
			return err
		}
	}
	return nil
}

func giveAddresses(ctx context.Context, client kubernetes.Interface) error {
	services, err := client.CoreV1().Services("").List(ctx, cached)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, service := range services.Items {
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			used[ingress.IP] = true
		}
	}
	for i := range services.Items {
		service := &services.Items[i]
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 {
			continue
		}
		address := ""
		for last := 1; last < 255 && address == ""; last++ {
			if candidate := fmt.Sprintf("203.0.113.%d", last); !used[candidate] {
				address = candidate
			}
		}
		if address == "" {
			return fmt.Errorf("all 254 addresses of 203.0.113.0/24 are given out")
		}
		used[address] = true
		patch := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, address)
		_, err := client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		if err != nil {
			return err
		}
	}
	return nil
}
