//! The one door to everything in this repository: `cargo xtask setup`, `bundle`, `package`,
//! `install`, `demo`, `test`, `bench`. People, the README and continuous integration call the same commands.
//!
//! What is fetched goes into `.deps`, what is built into `target`, what the demo plays into
//! `demo`; git ignores all three.

mod bench;
mod bundle;
mod cli;
mod command;
mod demo;
mod error;
mod files;
mod install;
mod package;
mod setup;
mod test;
mod workspace;

pub use bench::BenchOptions;
pub use cli::{Cli, Door};
pub use error::Error;

use workspace::Workspace;

/// Does what the command line asks for.
///
/// # Errors
/// The first step that fails; what it could not do and what would help.
pub fn run(cli: &Cli) -> Result<(), Error> {
    let workspace = Workspace::find()?;
    match &cli.door {
        Door::Setup { no_trainer, cuda, tests } => {
            let trainer = match (no_trainer, cuda) {
                (true, _) => None,
                (false, true) => Some(setup::Libtorch::Cuda),
                (false, false) => Some(setup::Libtorch::Cpu),
            };
            setup::all(&workspace, setup::Scope { trainer, tests: *tests, counts: false })
        }
        Door::Bundle { release } => bundle::bundle(&workspace, *release).map(|made| made.print()),
        Door::Package { debug, zip } => package::package(&workspace, !debug, *zip),
        Door::Install { uninstall: false } => install::install(&workspace),
        Door::Install { uninstall: true } => install::uninstall(&workspace),
        Door::Demo => demo::demo(&workspace),
        Door::Test { no_lint } => test::test(&workspace, !no_lint),
        Door::Bench(options) => bench::bench(&workspace, options),
    }
}
