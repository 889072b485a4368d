//! Running other programs.

use crate::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A command line being put together.
pub(crate) struct Run(Command);

impl Run {
    /// Begins with a program, found in the `PATH` unless it is a path itself.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self(Command::new(program))
    }

    /// The Cargo that runs us.
    pub fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.0.args(args);
        self
    }

    /// Adds an argument.
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Leaves out an environment variable that is set here.
    pub fn without(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    /// The command line, for people.
    fn line(&self) -> String {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    /// Runs it; what it prints goes straight through.
    pub fn run(mut self) -> Result<(), Error> {
        let started = self.0.status();
        let status = started.map_err(|source| Error::Start { command: self.line(), source })?;
        if status.success() { Ok(()) } else { Err(Error::Failed { command: self.line(), status }) }
    }

    /// Runs it, prints every line of what it says and complains of as it comes, all in the order in which it came, and
    /// shows it to `watch`.
    pub fn run_watched(mut self, mut watch: impl FnMut(&str)) -> Result<(), Error> {
        let line = self.line();
        let start = |source| Error::Start { command: line.clone(), source };
        // Through two pipes, nobody could say which program a result belongs to.
        let (output, input) = std::io::pipe().map_err(start)?;
        self.0.stdout(input.try_clone().map_err(start)?).stderr(input);
        let mut child = self.0.spawn().map_err(start)?;
        // The command holds ends of the pipe, which would never be at its end.
        drop(self);
        for said in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let said = String::from_utf8_lossy(&said);
            println!("{said}");
            watch(&said);
        }
        let status = child.wait().map_err(start)?;
        if status.success() { Ok(()) } else { Err(Error::Failed { command: line, status }) }
    }

    /// Runs it and gives what it prints; what it complains of goes straight through.
    pub fn text(mut self) -> Result<String, Error> {
        let started = self.0.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = started.map_err(|source| Error::Start { command: self.line(), source })?;
        if !output.status.success() {
            return Err(Error::Failed { command: self.line(), status: output.status });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Says whether it can be run and succeeds, without a sound.
    pub fn works(mut self) -> bool {
        self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.0.status().is_ok_and(|status| status.success())
    }

    /// What it prints, if it can be run and succeeds.
    pub fn output(mut self) -> Option<String> {
        let output = self.0.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Prints the heading of a step.
pub(crate) fn step(text: &str) {
    eprintln!("==> {text}");
}
