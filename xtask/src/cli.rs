//! The command line.

use crate::bench::BenchOptions;
use clap::{Parser, Subcommand};

/// The doors of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Set up, build, try and test Tonewright")]
pub struct Cli {
    /// Which door.
    #[command(subcommand)]
    pub door: Door,
}

/// One door.
#[derive(Debug, Subcommand)]
pub enum Door {
    /// Fetch what the plugin and the trainer need: system packages, ONNX Runtime, libtorch
    Setup {
        /// Leave out libtorch: the plugin and the standalone do not need it
        #[arg(long)]
        no_trainer: bool,
        /// Take all of libtorch, for training on an NVIDIA GPU: a download of more than 2 GB
        #[arg(long, conflicts_with = "no_trainer")]
        cuda: bool,
        /// Fetch the Python hosts of the tests too
        #[arg(long)]
        tests: bool,
    },
    /// Build the VST3, the CLAP and the standalone into target/bundled
    Bundle {
        /// Build with all optimisations, as for playing
        #[arg(long)]
        release: bool,
    },
    /// Build the bundles and pack them, with an install script and all licences, into target/packages
    Package {
        /// Build without optimisations, to try the package itself
        #[arg(long)]
        debug: bool,
        /// Pack a .zip too, for those who have no tar; it is larger
        #[arg(long)]
        zip: bool,
    },
    /// Copy the bundles into ~/.vst3 and ~/.clap, and `tonewright` into ~/.local/bin
    Install {
        /// Take them out again
        #[arg(long)]
        uninstall: bool,
    },
    /// Build the plugin, load it into a host and play the demo recording through a factory amp
    Demo,
    /// Set up everything, check the style, build the bundles and run every test
    Test {
        /// Leave out rustfmt and clippy
        #[arg(long)]
        no_lint: bool,
    },
    /// Measure what a block costs in every engine, in one table
    Bench(BenchOptions),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn doors_open() {
        let setup = Cli::parse_from(["cargo xtask", "setup", "--no-trainer"]);
        assert!(matches!(setup.door, Door::Setup { no_trainer: true, cuda: false, tests: false }));
        assert!(Cli::try_parse_from(["cargo xtask", "setup", "--no-trainer", "--cuda"]).is_err());
        let bundle = Cli::parse_from(["cargo xtask", "bundle"]);
        assert!(matches!(bundle.door, Door::Bundle { release: false }));
        let package = Cli::parse_from(["cargo xtask", "package"]);
        assert!(matches!(package.door, Door::Package { debug: false, zip: false }));
        assert!(Cli::try_parse_from(["cargo xtask", "bench", "--quick", "--blocks", "16,64"]).is_ok());
        assert!(Cli::try_parse_from(["cargo xtask", "bench", "--accept"]).is_err());
        assert!(Cli::try_parse_from(["cargo xtask", "bench", "--changes", "a2"]).is_ok());
        assert!(Cli::try_parse_from(["cargo xtask", "bench", "--changes", "--quick"]).is_err());
        assert!(Cli::try_parse_from(["cargo xtask", "bundel"]).is_err());
        assert!(Cli::try_parse_from(["cargo xtask"]).is_err());
    }
}
