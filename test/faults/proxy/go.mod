// A proxy between the operator and the API server that does what a Kubernetes API may legally do at the worst moment.
module ybcluster-operator/test/faults/proxy

go 1.24
