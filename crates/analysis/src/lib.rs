//! Analysis templates and rollout steps as Argo Rollouts v1.9.1 has them: read from the YAML that
//! ships, and followed by its rules, so that what a cluster would do can be rehearsed without one.
//!
//! Only what GridOS's own templates use is read; all else is refused by name, never passed over.
//!
//! Pure: it must not know sockets, clocks or processes, nor what the numbers mean. `now` comes as
//! the time since any beginning.

mod condition;
mod fault;
mod metric;
mod rollout;
mod run;
mod template;
mod time;
mod yaml;

pub use condition::Condition;
pub use fault::Fault;
pub use metric::Metric;
pub use rollout::{ArgSource, Background, Rollout, Step, TemplateUse};
pub use run::{AnalysisRun, Measured, Phase};
pub use template::Template;
pub use yaml::documents;
