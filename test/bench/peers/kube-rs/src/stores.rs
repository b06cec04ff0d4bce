//! One store for each kind of children, of whole objects or of their metadata.
use std::{collections::HashMap, fmt::Debug};

use futures::future::BoxFuture;
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{ConfigMap, Secret, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Client, Resource, ResourceExt,
    api::{Api, ApiResource, GroupVersionKind},
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        controller::Controller,
        metadata_watcher,
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};
use serde::de::DeserializeOwned;

use crate::{YBCluster, template::HASH};

type Lookup = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;
type Ready = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

pub struct Stores {
    client: Client,
    metadata: bool,
    pub resources: HashMap<String, ApiResource>,
    lookup: HashMap<String, Lookup>,
    ready: Vec<Ready>,
}

impl Stores {
    pub fn new(client: Client, metadata: bool) -> Self {
        Stores { client, metadata, resources: HashMap::new(), lookup: HashMap::new(), ready: vec![] }
    }

    pub fn own_all(&mut self, controller: Controller<YBCluster>) -> Controller<YBCluster> {
        let controller = self.own::<ServiceAccount>(controller);
        let controller = self.own::<ConfigMap>(controller);
        let controller = self.own::<Secret>(controller);
        let controller = self.own::<Service>(controller);
        let controller = self.own::<PodDisruptionBudget>(controller);
        let controller = self.own::<StatefulSet>(controller);
        self.own::<NetworkPolicy>(controller)
    }

    /// The hash with which the child was applied, if it is there.
    pub fn hash(&self, kind: &str, namespace: &str, name: &str) -> Option<String> {
        (self.lookup[kind])(namespace, name)
    }

    pub async fn wait(&self) {
        for ready in &self.ready {
            ready().await;
        }
    }

    fn own<K>(&mut self, controller: Controller<YBCluster>) -> Controller<YBCluster>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let (api, config): (Api<K>, _) = (Api::all(self.client.clone()), watcher::Config::default());
        let (kind, plural) = (K::kind(&()).to_string(), K::plural(&()).to_string());
        let version = GroupVersionKind::gvk(&K::group(&()), &K::version(&()), &kind);
        self.resources.insert(kind.clone(), ApiResource::from_gvk_with_plural(&version, &plural));
        if !self.metadata {
            let (store, writer) = reflector::store::<K>();
            self.keep(kind, store);
            return controller.owns_stream(watcher(api, config).default_backoff().reflect(writer).touched_objects());
        }
        let (store, writer): (Store<PartialObjectMeta<K>>, _) = reflector::store();
        self.keep(kind, store);
        let lean = metadata_watcher(api, config).default_backoff().modify(|object| object.managed_fields_mut().clear());
        controller.owns_stream(lean.reflect(writer).touched_objects())
    }

    fn keep<T>(&mut self, kind: String, store: Store<T>)
    where
        T: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    {
        let waited = store.clone();
        let hash = move |namespace: &str, name: &str| store.get(&ObjectRef::new(name).within(namespace))?.annotations().get(HASH).cloned();
        self.lookup.insert(kind, Box::new(hash));
        self.ready.push(Box::new(move || {
            let store = waited.clone();
            Box::pin(async move { drop(store.wait_until_ready().await) })
        }));
    }
}
