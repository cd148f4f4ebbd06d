//! A client of Prometheus's HTTP API.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;
use tokio_rustls::rustls;

/// A longer answer is not what was asked for.
const ANSWER_BYTES_MAX: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why Prometheus gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrometheusError {
    /// The address is none.
    #[error("'{0}' is no address of a Prometheus; write for example http://127.0.0.1:9090")]
    Address(String),
    /// Nobody answers.
    #[error("no Prometheus answers at {url}; see whether it runs there")]
    NotReached {
        /// Where.
        url: Url,
        /// What was in the way.
        #[source]
        source: reqwest::Error,
    },
    /// It refused the question.
    #[error("Prometheus refuses the query '{query}': {why}")]
    Refused {
        /// What was asked.
        query: String,
        /// What it says.
        why: String,
    },
    /// What answers is no Prometheus.
    #[error("what answers at {0} is no Prometheus")]
    Foreign(Url),
}

/// A series over time: seconds since 1970 and the value there.
pub(crate) type Course = Vec<(f64, f64)>;

/// The way to one Prometheus.
#[derive(Clone, Debug)]
pub(crate) struct Prometheus {
    http: reqwest::Client,
    base: Url,
}

impl Prometheus {
    /// The way to the one at `url`; nothing is connected yet.
    pub(crate) fn new(url: &str) -> Result<Self, PrometheusError> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = || PrometheusError::Address(url.to_owned());
        let base: Url = url.parse().map_err(|_| wrong())?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong());
        }
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .user_agent(concat!("gridos/", env!("CARGO_PKG_VERSION")));
        Ok(Self {
            http: http.build().map_err(|_| wrong())?,
            base,
        })
    }

    /// What a query comes to now: one value per series; a scalar is one value.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<f64>, PrometheusError> {
        let data = self.ask("query", query, &[]).await?;
        if data["resultType"] == "scalar" {
            return Ok(number(&data["result"])
                .map(|(_, value)| value)
                .into_iter()
                .collect());
        }
        let series = data["result"].as_array().ok_or_else(|| self.foreign())?;
        let values = series.iter().map(|series| number(&series["value"]));
        let values: Option<Vec<(f64, f64)>> = values.collect();
        let values = values.ok_or_else(|| self.foreign())?;
        Ok(values.into_iter().map(|(_, value)| value).collect())
    }

    /// What a query came to from `start` to `end` (seconds since 1970), every `step`: a course per
    /// series.
    pub(crate) async fn query_range(
        &self,
        query: &str,
        (start, end): (f64, f64),
        step: f64,
    ) -> Result<Vec<Course>, PrometheusError> {
        let range = [("start", start), ("end", end), ("step", step)];
        let range = range.map(|(name, value)| (name, value.to_string()));
        let data = self.ask("query_range", query, &range).await?;
        courses(&data).ok_or_else(|| self.foreign())
    }

    /// The samples themselves that a selector of a time (`up[5m]`) has: a course per series.
    pub(crate) async fn samples(&self, selector: &str) -> Result<Vec<Course>, PrometheusError> {
        let data = self.ask("query", selector, &[]).await?;
        courses(&data).ok_or_else(|| self.foreign())
    }

    async fn ask(
        &self,
        what: &str,
        query: &str,
        parameters: &[(&str, String)],
    ) -> Result<Value, PrometheusError> {
        let mut url = self.at(&["api", "v1", what]);
        url.query_pairs_mut()
            .append_pair("query", query)
            .extend_pairs(parameters);
        let not_reached = |source: reqwest::Error| PrometheusError::NotReached {
            url: self.base.clone(),
            source: source.without_url(),
        };
        let mut answer = self.http.get(url).send().await.map_err(not_reached)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(not_reached)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(self.foreign());
            }
        }
        let mut answer: Value = serde_json::from_slice(&body).map_err(|_| self.foreign())?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].take()),
            Some("error") => Err(PrometheusError::Refused {
                query: query.to_owned(),
                why: answer["error"]
                    .as_str()
                    .unwrap_or("for no reason")
                    .to_owned(),
            }),
            Some(_) | None => Err(self.foreign()),
        }
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only an address without a host has no path, and that was refused.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn foreign(&self) -> PrometheusError {
        PrometheusError::Foreign(self.base.clone())
    }
}

/// The values of each series of an answer.
fn courses(data: &Value) -> Option<Vec<Course>> {
    let course = |series: &Value| {
        let values = series["values"].as_array()?;
        values.iter().map(number).collect::<Option<Course>>()
    };
    data["result"].as_array()?.iter().map(course).collect()
}

/// A time and a value, which Prometheus writes as text: `NaN` and `+Inf` as well.
fn number(pair: &Value) -> Option<(f64, f64)> {
    let time = pair.get(0)?.as_f64()?;
    let value = pair.get(1)?.as_str()?.parse().ok()?;
    Some((time, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_prometheus_writes_them() {
        assert_eq!(number(&json!([1.5, "0.25"])), Some((1.5, 0.25)));
        assert_eq!(number(&json!([1, "+Inf"])), Some((1.0, f64::INFINITY)));
        assert!(number(&json!([1, "NaN"])).unwrap().1.is_nan());
        for wrong in [
            json!([1, 2]),
            json!(["1", "2"]),
            json!([]),
            json!(null),
            json!([1, "x"]),
        ] {
            assert_eq!(number(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_http_with_a_host() {
        for wrong in ["", "prometheus:9090", "ftp://h", "/x"] {
            assert!(Prometheus::new(wrong).is_err(), "{wrong}");
        }
        let at = Prometheus::new("http://h:9090/prom")
            .unwrap()
            .at(&["api", "v1", "query"]);
        assert_eq!(at.as_str(), "http://h:9090/prom/api/v1/query");
    }
}
