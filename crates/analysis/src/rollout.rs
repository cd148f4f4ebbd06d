//! The steps of a Rollout's canary.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::time::duration;
use crate::{Fault, yaml};

/// How a version is rolled out.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// What is looked at all the while, from a step on.
    pub background: Option<Background>,
    /// One after the other; behind the last one the candidate is promoted.
    pub steps: Vec<Step>,
}

/// Analysis beside the steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// The number of the step with which it begins, from 0.
    pub starting_step: usize,
    /// What is looked at.
    pub analysis: TemplateUse,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The candidate gets this share, in percent.
    SetWeight(u8),
    /// Waits; without a time, for a person.
    Pause(Option<Duration>),
    /// Goes on when the templates' metrics are good.
    Analysis(TemplateUse),
}

/// Templates with the arguments that they are given.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateUse {
    /// Their names.
    pub templates: Vec<String>,
    /// Name and value of each argument.
    pub args: Vec<(String, ArgSource)>,
}

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgSource {
    /// It is written there.
    Value(String),
    /// The hash of the candidate's pod template.
    Latest,
    /// That of stable's.
    Stable,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnalysisWritten {
    starting_step: Option<usize>,
    templates: Vec<TemplateWritten>,
    #[serde(default)]
    args: Vec<ArgWritten>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TemplateWritten {
    template_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ArgWritten {
    name: String,
    value: Option<String>,
    value_from: Option<ValueFrom>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ValueFrom {
    pod_template_hash_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StepWritten {
    set_weight: Option<u8>,
    pause: Option<PauseWritten>,
    analysis: Option<AnalysisWritten>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseWritten {
    duration: Option<Value>,
}

impl Rollout {
    /// The first Rollout of a file.
    ///
    /// # Errors
    /// What is wrong with it, or that there is none.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let objects = yaml::of_kind(text, "Rollout")?;
        let object = objects.first().ok_or(Fault::Missing("Rollout"))?;
        let place = yaml::name(object);
        let canary = &object["spec"]["strategy"]["canary"];
        let analysis = canary
            .get("analysis")
            .filter(|analysis| !analysis.is_null());
        let background = analysis
            .map(|analysis| background(&place, analysis))
            .transpose()?;
        let steps = canary["steps"].as_array();
        let steps = steps.ok_or_else(|| Fault::shape(&place, "has no steps of a canary"))?;
        let read = |(n, value): (usize, &Value)| step(&format!("{place}, step {n}"), value);
        Ok(Self {
            background,
            steps: steps
                .iter()
                .enumerate()
                .map(read)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn background(place: &str, value: &Value) -> Result<Background, Fault> {
    let place = format!("{place}, analysis");
    let written = AnalysisWritten::deserialize(value).map_err(|e| Fault::shape(&place, e))?;
    Ok(Background {
        starting_step: written.starting_step.unwrap_or(0),
        analysis: used(&place, written)?,
    })
}

fn step(place: &str, value: &Value) -> Result<Step, Fault> {
    let written = StepWritten::deserialize(value).map_err(|e| Fault::shape(place, e))?;
    match (written.set_weight, written.pause, written.analysis) {
        (Some(weight @ 0..=100), None, None) => Ok(Step::SetWeight(weight)),
        (None, Some(pause), None) => Ok(Step::Pause(pause_time(place, pause.duration)?)),
        (None, None, Some(analysis)) if analysis.starting_step.is_none() => {
            Ok(Step::Analysis(used(place, analysis)?))
        }
        _ => Err(Fault::shape(
            place,
            "is not one of setWeight (0 to 100), pause and analysis",
        )),
    }
}

/// A number is of seconds.
fn pause_time(place: &str, value: Option<Value>) -> Result<Option<Duration>, Fault> {
    let Some(value) = value else {
        return Ok(None);
    };
    let time = match value.as_str() {
        Some(text) => {
            let seconds = text.parse().map(Duration::from_secs);
            seconds.ok().or_else(|| duration(text))
        }
        None => value.as_u64().map(Duration::from_secs),
    };
    let wrong = || Fault::shape(place, format!("{value} is no time; write for example 5m"));
    time.map(Some).ok_or_else(wrong)
}

fn used(place: &str, written: AnalysisWritten) -> Result<TemplateUse, Fault> {
    let args = written.args.into_iter().map(|arg| {
        let from = arg.value_from.map(|from| from.pod_template_hash_value);
        let source = match (arg.value, from.as_deref()) {
            (Some(value), None) => ArgSource::Value(value),
            (None, Some("Latest")) => ArgSource::Latest,
            (None, Some("Stable")) => ArgSource::Stable,
            _ => {
                let what = format!(
                    "the argument '{}' has no value that is known here",
                    arg.name
                );
                return Err(Fault::shape(place, what));
            }
        };
        Ok((arg.name, source))
    });
    Ok(TemplateUse {
        args: args.collect::<Result<_, _>>()?,
        templates: written
            .templates
            .into_iter()
            .map(|t| t.template_name)
            .collect(),
    })
}
