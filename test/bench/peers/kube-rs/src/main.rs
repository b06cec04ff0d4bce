//! peer does the operator's work with kube-rs. See ../../../README.md.
mod stores;
mod template;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Debug,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{SinkExt, StreamExt, channel::mpsc::Sender};
use kube::{
    Client, CustomResource, ResourceExt,
    api::{Api, DynamicObject, Patch, PatchParams},
    runtime::{
        controller::{self, Action, Controller},
        watcher,
    },
};
use serde::{Deserialize, Serialize};
use stores::Stores;
use template::Template;
use tokio::signal::unix::{SignalKind, signal};

/// As far as the benchmark declares it.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug)]
#[kube(group = "yugabyte.com", version = "v1beta1", kind = "YBCluster", plural = "ybclusters", namespaced)]
#[kube(status = "YBClusterStatus", schema = "disabled")]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct YBClusterSpec {
    nodes: i32,
    allow_lists: Vec<String>,
    masters: ServerGroup,
    tservers: ServerGroup,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
#[serde(default)]
pub struct ServerGroup {
    flags: BTreeMap<String, String>,
    resources: k8s_openapi::api::core::v1::ResourceRequirements,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct YBClusterStatus {
    phase: String,
    observed_generation: i64,
    conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
}

struct World {
    client: Client,
    template: Template,
    stores: Stores,
    synced: tokio::sync::OnceCell<()>,
    expect: usize,
    seen: Mutex<HashSet<String>>,
}

fn say(what: &str, count: usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    println!("event {what} {count} {}", now.as_nanos());
}

impl World {
    fn note(&self, name: String) {
        let mut seen = self.seen.lock().unwrap();
        if seen.insert(name) && seen.len() == self.expect {
            say("all-processed", self.expect);
        }
    }

    fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }
}

async fn reconcile(cluster: Arc<YBCluster>, world: Arc<World>) -> Result<Action, kube::Error> {
    // One task waits for the stores: of several that wait at once, some are never woken (kube-runtime 5.0.0).
    world.synced.get_or_init(|| world.stores.wait()).await;
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    let own: Api<YBCluster> = Api::namespaced(world.client.clone(), &namespace);
    let merge = PatchParams { field_manager: Some("peer".into()), ..Default::default() };
    if !cluster.finalizers().contains(&world.template.finalizer) {
        own.patch(&name, &merge, &Patch::Merge(world.template.finalizer_patch())).await?;
    }
    for child in world.template.children(&cluster) {
        if world.stores.hash(&child.kind, &namespace, &child.name).as_deref() != Some(&child.hash) {
            let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &namespace, &world.stores.resources[&child.kind]);
            api.patch(&child.name, &PatchParams::apply("peer").force(), &Patch::Apply(&child.document)).await?;
        }
    }
    if cluster.status.as_ref().map(|status| status.observed_generation) != cluster.metadata.generation {
        own.patch_status(&name, &merge, &Patch::Merge(world.template.status_patch(&cluster))).await?;
    }
    world.note(format!("{namespace}/{name}"));
    Ok(Action::await_change())
}

/// SIGUSR1 forgets which clusters were seen, SIGUSR2 also puts all of them into the queue.
async fn listen(world: Arc<World>, mut queue: Sender<()>) {
    let mut forget = signal(SignalKind::user_defined1()).expect("SIGUSR1");
    let mut enqueue = signal(SignalKind::user_defined2()).expect("SIGUSR2");
    loop {
        tokio::select! {
            _ = forget.recv() => world.forget(),
            _ = enqueue.recv() => {
                world.forget();
                say("enqueue", world.expect);
                drop(queue.send(()).await);
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> = arguments.chunks_exact(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let template = serde_json::from_str(&std::fs::read_to_string(options["template"])?)?;
    let client = Client::try_default().await?;
    let controller = Controller::new(Api::<YBCluster>::all(client.clone()), watcher::Config::default())
        .with_config(controller::Config::default().concurrency(8));
    let mut stores = Stores::new(client.clone(), options["cache"] == "metadata");
    let controller = stores.own_all(controller);
    let (expect, seen, synced) = (options["expect"].parse()?, Mutex::default(), Default::default());
    let world = Arc::new(World { client, template, stores, synced, expect, seen });

    let mut end = signal(SignalKind::terminate())?;
    let (sender, receiver) = futures::channel::mpsc::channel(4);
    tokio::spawn(listen(world.clone(), sender));
    let failed = |_, error: &kube::Error, _| {
        eprintln!("{error}");
        Action::requeue(Duration::from_secs(1))
    };
    let run = controller.reconcile_all_on(receiver).run(reconcile, failed, world).for_each(|_| async {});
    tokio::select! {
        () = run => {},
        _ = end.recv() => {},
    }
    Ok(())
}
