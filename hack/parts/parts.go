// parts is every program of a Kubernetes control plane in one binary: the first argument names the part.
// One binary builds once (minutes) and shares its pages, and comes from the Go module proxy alone.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func runCobra(command *cobra.Command) int { return cli.Run(command) }

var parts = map[string]func(args []string) int{
	"etcd": func(args []string) int {
		etcdmain.Main(append([]string{"etcd"}, args...))
		return 0
	},
	"kube-apiserver":          func([]string) int { return runCobra(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func([]string) int { return runCobra(controllers.NewControllerManagerCommand()) },
	"kube-scheduler":          func([]string) int { return runCobra(scheduler.NewSchedulerCommand()) },
	"kubectl": func([]string) int {
		command := kubectl.NewDefaultKubectlCommand()
		if err := cli.RunNoErrOutput(command); err != nil {
			kubectlutil.CheckErr(err)
		}
		return 0
	},
	"cloud": runCloud,
}

func main() {
	args := os.Args
	// A link named kubectl is kubectl, so that PATH needs nothing but links to this program.
	name := args[0][strings.LastIndexByte(args[0], '/')+1:]
	if _, known := parts[name]; !known && len(args) > 1 {
		name, args = args[1], args[1:]
	}
	part, known := parts[name]
	if !known {
		names := make([]string, 0, len(parts))
		for part := range parts {
			names = append(names, part)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "usage: %s PART [ARGUMENTS], where PART is one of: %s\n", os.Args[0], strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Args = args
	os.Exit(part(args[1:]))
}
