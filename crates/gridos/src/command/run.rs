//! `gridos run`.

use super::Outcome;
use crate::cli::Run;
use crate::config::Config;
use crate::engine::Engine;

pub(crate) fn run(args: &Run) -> Outcome {
    crate::log::start("info");
    let config = Config::load(&args.config, std::env::vars_os())?;
    super::block_on(async move {
        let engine = Engine::start(&config).await?;
        // A fleet's configuration is tens of megabytes that nobody asks for again.
        drop(config);
        tracing::info!(
            "{} devices, {} points; page and API at http://{}/",
            engine.devices(),
            engine.points(),
            engine.address()
        );
        let failed = engine.failed();
        tokio::select! {
            ended = super::asked_to_end(args.duration) => ended?,
            () = failed => tracing::error!("the engine failed; ending"),
        }
        tracing::info!("draining");
        let (summary, ended) = engine.end().await;
        tracing::info!("{}", summary.in_one_line());
        Ok(ended?)
    })?
}
