//! Whether a value is what a schema of the description says, as far as our schemas say anything.

use std::collections::BTreeSet;

use serde_json::Value;

use super::openapi;

/// What is wrong with `value` as the schema called `name`; keys that the schema does not tell are wrong.
pub(crate) fn fits(name: &str, value: &Value) -> Result<(), String> {
    let document = serde_json::to_value(openapi()).unwrap();
    let fit = Fit(&document["components"]["schemas"]);
    let schema = fit.0.get(name).ok_or(format!("no schema {name}"))?;
    fit.whole(schema, value, name)
}

/// The schemas by their names.
struct Fit<'a>(&'a Value);

impl Fit<'_> {
    fn whole(&self, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
        let known = self.keys(schema, value, path)?;
        let keys = value.as_object().into_iter().flat_map(|own| own.keys());
        match keys.into_iter().find(|key| !known.contains(*key)) {
            Some(key) => Err(format!("{path} tells nothing of '{key}'")),
            None => Ok(()),
        }
    }

    /// The keys that the schema knows of the value.
    fn keys(&self, schema: &Value, value: &Value, path: &str) -> Result<BTreeSet<String>, String> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return self.keys(&self.0[name], value, &format!("{path}/{name}"));
        }
        let mut known = BTreeSet::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            known.append(&mut self.keys(part, value, path)?);
        }
        if let Some(parts) = schema["oneOf"].as_array() {
            let all: Vec<_> = parts
                .iter()
                .map(|part| self.keys(part, value, path))
                .collect();
            let told: Vec<_> = all.iter().filter_map(|own| own.as_ref().err()).collect();
            let one = all.iter().find_map(|own| own.as_ref().ok());
            known.extend(one.ok_or(format!("{path}: none of {told:?}"))?.clone());
        }
        self.is_of_type(&schema["type"], value, path)?;
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(format!("{path}: {value} is none of {words:?}"));
        }
        for item in value.as_array().into_iter().flatten() {
            self.whole(&schema["items"], item, &format!("{path}[]"))?;
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            let key = key.as_str().unwrap();
            value.get(key).ok_or(format!("{path}.{key} is missing"))?;
        }
        for (key, own) in schema["properties"].as_object().into_iter().flatten() {
            known.insert(key.clone());
            if let Some(value) = value.get(key) {
                self.whole(own, value, &format!("{path}.{key}"))?;
            }
        }
        Ok(known)
    }

    fn is_of_type(&self, kind: &Value, value: &Value, path: &str) -> Result<(), String> {
        let kinds = match kind {
            Value::Null => return Ok(()),
            Value::Array(kinds) => kinds.clone(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                vec![kind.clone()]
            }
        };
        let is = |kind: &Value| match kind.as_str().unwrap() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other} is no type"),
        };
        match kinds.iter().any(is) {
            true => Ok(()),
            false => Err(format!("{path}: {value} is none of {kinds:?}")),
        }
    }
}
