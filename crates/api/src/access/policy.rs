//! What each endpoint needs, as the OpenAPI document says.

use std::collections::HashMap;

use axum::http::Method;
use gridos_access::Role;
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// What an endpoint needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: everybody may.
    Nobody,
    /// Somebody who may do what this role may.
    Role(Role),
}

/// What each method of each path needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    needs: HashMap<(Method, String), Need>,
}

impl Policy {
    /// What the description of the API says.
    pub(crate) fn of(document: &OpenApi) -> Self {
        // What cannot be told as JSON allows nothing.
        Self::read(&serde_json::to_value(document).unwrap_or_default())
    }

    /// What `document` says, an OpenAPI document: `security: [{}]` or `[]` for everybody, else
    /// `[{"token": [role]}]`. An operation that says nothing, or what is not understood, is left out,
    /// and thereby refused.
    fn read(document: &Value) -> Self {
        let paths = document.get("paths").and_then(Value::as_object);
        let operations = paths.into_iter().flatten().flat_map(|(path, operations)| {
            let operations = operations.as_object().into_iter().flatten();
            operations.map(move |(method, operation)| (path, method, operation))
        });
        let needs = operations.filter_map(|(path, method, operation)| {
            let method = method.to_ascii_uppercase().parse().ok()?;
            Some(((method, path.clone()), need(operation.get("security")?)?))
        });
        Self {
            needs: needs.collect(),
        }
    }

    /// The methods that the path with the template `path` has, in order.
    pub(crate) fn methods(&self, path: &str) -> Vec<&str> {
        let of_path = self.needs.keys().filter(|(_, own)| own == path);
        let mut methods: Vec<_> = of_path.map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods
    }

    /// What `method` of the path with the template `path` needs; `None` if nothing is known of it.
    pub(crate) fn need(&self, method: &Method, path: &str) -> Option<Need> {
        let method = match *method {
            Method::HEAD => Method::GET,
            ref method => method.clone(),
        };
        self.needs.get(&(method, path.to_owned())).copied()
    }
}

fn need(security: &Value) -> Option<Need> {
    let alternatives = security.as_array()?;
    let Some(first) = alternatives.first() else {
        return Some(Need::Nobody);
    };
    let schemes = first.as_object()?;
    if schemes.is_empty() {
        return Some(Need::Nobody);
    }
    let scopes = schemes.get("token")?.as_array()?;
    match scopes.as_slice() {
        [Value::String(role)] => Role::of_name(role).map(Need::Role),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_said_clearly_is_not_allowed() {
        let operation = |security: Value| json!({ "get": { "security": security } });
        let document = json!({ "paths": {
            "/open": operation(json!([{}])),
            "/bare": operation(json!([])),
            "/read/{name}": operation(json!([{"token": ["viewer"]}])),
            "/two": operation(json!([{"token": ["viewer", "admin"]}])),
            "/odd": operation(json!([{"token": ["root"]}])),
            "/else": operation(json!([{"key": []}])),
            "/none": { "get": {} },
        }});
        let policy = Policy::read(&document);
        let get = |path: &str| policy.need(&Method::GET, path);
        assert_eq!(get("/open"), Some(Need::Nobody));
        assert_eq!(get("/bare"), Some(Need::Nobody));
        assert_eq!(get("/read/{name}"), Some(Need::Role(Role::Viewer)));
        for path in ["/two", "/odd", "/else", "/none", "/unknown"] {
            assert_eq!(get(path), None, "{path}");
        }
        assert_eq!(policy.need(&Method::HEAD, "/open"), Some(Need::Nobody));
        assert_eq!(policy.need(&Method::POST, "/open"), None);
    }
}
