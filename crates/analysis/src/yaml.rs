//! YAML files of several objects.

use serde_json::Value;

use crate::Fault;

/// The objects of a file, in order; documents with nothing in them are left out.
///
/// # Errors
/// [`Fault::Yaml`], with line and column.
pub fn documents(text: &str) -> Result<Vec<Value>, Fault> {
    let documents = serde_saphyr::from_multiple::<Value>(text);
    let documents = documents.map_err(|error| Fault::Yaml(error.to_string()))?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// The objects of one kind.
pub(crate) fn of_kind(text: &str, kind: &'static str) -> Result<Vec<Value>, Fault> {
    let mut found = documents(text)?;
    found.retain(|document| document["kind"] == kind);
    if found.is_empty() {
        return Err(Fault::Missing(kind));
    }
    Ok(found)
}

/// The name of an object.
pub(crate) fn name(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str();
    name.unwrap_or("(without a name)").to_owned()
}
