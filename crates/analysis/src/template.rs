//! An AnalysisTemplate.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::{Fault, Metric, yaml};

/// A template: metrics whose arguments are still open.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name.
    pub name: String,
    args: Vec<Arg>,
    metrics: Vec<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arg {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    args: Vec<Arg>,
    metrics: Vec<Value>,
}

impl Template {
    /// The templates of a file.
    ///
    /// # Errors
    /// What is wrong with one.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Fault> {
        let objects = yaml::of_kind(text, "AnalysisTemplate")?;
        objects.into_iter().map(Self::read).collect()
    }

    fn read(object: Value) -> Result<Self, Fault> {
        let name = yaml::name(&object);
        let spec: Spec = serde_json::from_value(object["spec"].clone())
            .map_err(|error| Fault::shape(&name, error))?;
        Ok(Self {
            name,
            args: spec.args,
            metrics: spec.metrics,
        })
    }

    /// The arguments that it takes, with their defaults.
    pub fn args(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let args = self.args.iter();
        args.map(|arg| (arg.name.as_str(), arg.value.as_deref()))
    }

    /// Its metrics with the arguments put in: those `given`, else the defaults.
    ///
    /// # Errors
    /// An argument that nobody gives, or that the template does not take; a metric that cannot be
    /// read.
    pub fn metrics(&self, given: &BTreeMap<String, String>) -> Result<Vec<Metric>, Fault> {
        let known: BTreeSet<&str> = self.args.iter().map(|arg| arg.name.as_str()).collect();
        if let Some(stranger) = given.keys().find(|name| !known.contains(name.as_str())) {
            let what = format!("takes no argument '{stranger}'");
            return Err(Fault::shape(&self.name, what));
        }
        let mut values = BTreeMap::new();
        for arg in &self.args {
            let value = given.get(&arg.name).or(arg.value.as_ref());
            let value = value.filter(|value| !value.is_empty());
            values.insert(
                arg.name.as_str(),
                value.ok_or_else(|| self.ungiven(&arg.name))?,
            );
        }
        let metrics = self.metrics.iter().cloned();
        metrics
            .map(|mut metric| {
                self.put_in(&mut metric, &values)?;
                Metric::read(&self.name, metric)
            })
            .collect()
    }

    fn put_in(&self, value: &mut Value, args: &BTreeMap<&str, &String>) -> Result<(), Fault> {
        match value {
            Value::String(text) => *text = self.replaced(text, args)?,
            Value::Array(values) => {
                for value in values {
                    self.put_in(value, args)?;
                }
            }
            Value::Object(fields) => {
                for value in fields.values_mut() {
                    self.put_in(value, args)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    /// `{{args.name}}`, with blanks or without.
    fn replaced(&self, text: &str, args: &BTreeMap<&str, &String>) -> Result<String, Fault> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (tag, after) = behind.split_once("}}").ok_or_else(|| {
                Fault::shape(&self.name, format!("'{{{{' without its '}}}}' in '{text}'"))
            })?;
            let tag = tag.trim();
            let value = tag.strip_prefix("args.").and_then(|name| args.get(name));
            done += before;
            done += value.ok_or_else(|| self.ungiven(tag))?;
            rest = after;
        }
        Ok(done + rest)
    }

    fn ungiven(&self, name: &str) -> Fault {
        Fault::Argument {
            place: self.name.clone(),
            name: name.to_owned(),
        }
    }
}
