//! The manifests that say how a version is rolled out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gridos_analysis::{ArgSource, Fault, Metric, Rollout, Step, Template, TemplateUse};

/// Those that ship, so that a rehearsal needs no files.
const SHIPPED: [(&str, &str); 3] = [
    (
        ROLLOUT,
        include_str!("../../../../deploy/rollout/steps.yaml"),
    ),
    (
        "analysis/gridos-step.yaml",
        include_str!("../../../../deploy/analysis/gridos-step.yaml"),
    ),
    (
        "analysis/gridos-hard-limits.yaml",
        include_str!("../../../../deploy/analysis/gridos-hard-limits.yaml"),
    ),
];
const ROLLOUT: &str = "rollout/steps.yaml";
const ANALYSIS: &str = "analysis";

/// Steps and templates.
#[derive(Clone, Debug)]
pub(crate) struct Manifests {
    pub(crate) rollout: Rollout,
    templates: Vec<Template>,
}

/// Why manifests cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestsError {
    /// A file or folder cannot be read.
    #[error(
        "{} cannot be read; --manifests names a folder with {ROLLOUT} and {ANALYSIS}/*.yaml",
        path.display()
    )]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is in a file cannot be followed.
    #[error("{} {fault}", path.display())]
    Fault {
        /// Which.
        path: PathBuf,
        /// What is wrong in it.
        fault: Fault,
    },
    /// The steps name a template that is not there.
    #[error("{ROLLOUT} names the analysis template '{0}', which no file in {ANALYSIS} has")]
    NoTemplate(String),
    /// A template cannot be filled in.
    #[error("the analysis template {0}")]
    Template(Fault),
}

/// What arguments are taken from.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    pub(crate) stable: String,
    pub(crate) candidate: String,
}

impl Manifests {
    /// Those in `folder`, or those that ship.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Self, ManifestsError> {
        let files = match folder {
            Some(folder) => read(folder)?,
            None => SHIPPED
                .iter()
                .map(|(name, text)| (PathBuf::from("deploy").join(name), (*text).to_owned()))
                .collect(),
        };
        let mut templates = Vec::new();
        let mut rollout = None;
        for (path, text) in files {
            let fault = |fault| ManifestsError::Fault {
                path: path.clone(),
                fault,
            };
            if path.ends_with(ROLLOUT) {
                rollout = Some(Rollout::read(&text).map_err(fault)?);
            } else {
                templates.extend(Template::read_all(&text).map_err(fault)?);
            }
        }
        let rollout = rollout.ok_or_else(|| ManifestsError::Fault {
            path: ROLLOUT.into(),
            fault: Fault::Missing("Rollout"),
        })?;
        let manifests = Self { rollout, templates };
        manifests.check()?;
        Ok(manifests)
    }

    /// All that the steps need is there, before anything is begun.
    fn check(&self) -> Result<(), ManifestsError> {
        let sides = Sides {
            stable: "stable".to_owned(),
            candidate: "candidate".to_owned(),
        };
        let background = self
            .rollout
            .background
            .iter()
            .map(|background| &background.analysis);
        let inline = self.rollout.steps.iter().filter_map(|step| match step {
            Step::Analysis(analysis) => Some(analysis),
            Step::SetWeight(_) | Step::Pause(_) => None,
        });
        for analysis in background.chain(inline) {
            self.metrics(analysis, &sides, &BTreeMap::new())?;
        }
        Ok(())
    }

    /// The metrics of an analysis, with its arguments put in. What is in `instead` goes before what
    /// the steps and the templates say, for templates that take it.
    pub(crate) fn metrics(
        &self,
        analysis: &TemplateUse,
        sides: &Sides,
        instead: &BTreeMap<String, String>,
    ) -> Result<Vec<Metric>, ManifestsError> {
        let mut metrics = Vec::new();
        for template in self.of(analysis)? {
            let mut args: BTreeMap<String, String> = BTreeMap::new();
            for (name, source) in &analysis.args {
                let value = match source {
                    ArgSource::Value(value) => value,
                    ArgSource::Latest => &sides.candidate,
                    ArgSource::Stable => &sides.stable,
                };
                args.insert(name.clone(), value.clone());
            }
            let takes = |wanted: &str| template.args().any(|(name, _)| name == wanted);
            let instead = instead.iter().filter(|(name, _)| takes(name));
            args.extend(instead.map(|(name, value)| (name.clone(), value.clone())));
            metrics.extend(template.metrics(&args).map_err(ManifestsError::Template)?);
        }
        Ok(metrics)
    }

    /// What an argument is by default in the first of an analysis's templates that has it.
    pub(crate) fn default_of(&self, analysis: &TemplateUse, arg: &str) -> Option<&str> {
        let templates = self.of(analysis).ok()?;
        let mut args = templates.into_iter().flat_map(Template::args);
        args.find_map(|(name, default)| default.filter(|_| name == arg))
    }

    fn of(&self, analysis: &TemplateUse) -> Result<Vec<&Template>, ManifestsError> {
        let find = |name: &String| {
            let mut templates = self.templates.iter();
            let found = templates.find(|template| template.name == *name);
            found.ok_or_else(|| ManifestsError::NoTemplate(name.clone()))
        };
        analysis.templates.iter().map(find).collect()
    }
}

fn read(folder: &Path) -> Result<Vec<(PathBuf, String)>, ManifestsError> {
    let error = |path: &Path, source| ManifestsError::Read {
        path: path.to_owned(),
        source,
    };
    let analysis = folder.join(ANALYSIS);
    let mut paths = vec![folder.join(ROLLOUT)];
    for entry in fs::read_dir(&analysis).map_err(|source| error(&analysis, source))? {
        let path = entry.map_err(|source| error(&analysis, source))?.path();
        if path.extension().is_some_and(|suffix| suffix == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| match fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(source) => Err(error(&path, source)),
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_is_whole_and_goes_by_steps() {
        let manifests = Manifests::load(None).unwrap();
        let weights = manifests
            .rollout
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::SetWeight(weight) => Some(*weight),
                Step::Pause(_) | Step::Analysis(_) => None,
            });
        assert_eq!(weights.collect::<Vec<_>>(), [20, 40, 60, 80]);
        let background = manifests.rollout.background.as_ref().unwrap();
        assert_eq!(
            manifests.default_of(&background.analysis, "window"),
            Some("2m")
        );
    }

    #[test]
    fn a_folder_that_is_none_is_named() {
        let error = Manifests::load(Some(Path::new("/nowhere")))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("/nowhere/analysis cannot be read"),
            "{error}"
        );
    }
}
