//! The documents of documents.py, filled in for one cluster. The data of Secrets are plain text there.
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::YBCluster;

#[derive(Deserialize)]
pub struct Template {
    pub finalizer: String,
    status: Value,
    children: Vec<Pattern>,
}

#[derive(Deserialize)]
struct Pattern {
    kind: String,
    name: String,
    document: Value,
    data: BTreeMap<String, String>,
}

/// One object that a cluster shall have.
pub struct Child {
    pub kind: String,
    pub name: String,
    pub hash: String,
    pub document: Value,
}

/// The annotation by which an applied child is known to be as wanted.
pub const HASH: &str = "bench.yugabyte.com/hash";

struct Places {
    name: String,
    namespace: String,
    uid: String,
    generation: i64,
    now: String,
}

impl Places {
    fn of(cluster: &YBCluster) -> Self {
        Places {
            name: cluster.name_any(),
            namespace: cluster.namespace().unwrap_or_default(),
            uid: cluster.uid().unwrap_or_default(),
            generation: cluster.metadata.generation.unwrap_or(0),
            now: k8s_openapi::jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }

    fn text(&self, text: &str) -> String {
        if !text.contains('@') {
            return text.to_string();
        }
        let text = text.replace("@name@", &self.name).replace("@namespace@", &self.namespace);
        text.replace("@uid@", &self.uid).replace("@now@", &self.now)
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text == "@generation@" => self.generation.into(),
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(key, inner)| (self.text(key), self.value(inner))).collect(),
            other => other.clone(),
        }
    }
}

/// The cluster's own flags, as our operator appends them.
fn flag_lines(cluster: &YBCluster, name: &str) -> String {
    let own = cluster.name_any();
    let group = match name.strip_prefix(own.as_str()) {
        Some("-master-flags") => &cluster.spec.masters,
        Some("-tserver-flags") => &cluster.spec.tservers,
        _ => return String::new(),
    };
    group.flags.iter().map(|(flag, value)| format!("--{flag}={value}\n")).collect()
}

impl Template {
    pub fn children(&self, cluster: &YBCluster) -> Vec<Child> {
        let places = Places::of(cluster);
        self.children.iter().map(|pattern| pattern.child(cluster, &places)).collect()
    }

    pub fn status_patch(&self, cluster: &YBCluster) -> Value {
        json!({"status": Places::of(cluster).value(&self.status)})
    }

    pub fn finalizer_patch(&self) -> Value {
        json!({"metadata": {"finalizers": [self.finalizer]}})
    }
}

impl Pattern {
    fn child(&self, cluster: &YBCluster, places: &Places) -> Child {
        let (name, mut document) = (places.text(&self.name), places.value(&self.document));
        if self.kind == "Secret" {
            let own = flag_lines(cluster, &name);
            let encoded = |text: &String| STANDARD.encode(places.text(text) + &own);
            document["data"] = self.data.iter().map(|(key, text)| (places.text(key), encoded(text))).collect();
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(document.to_string().as_bytes());
        let hash = format!("{:016x}", hasher.finish());
        document["metadata"]["annotations"][HASH] = hash.clone().into();
        Child { kind: self.kind.clone(), name, hash, document }
    }
}
