//! The `tonewright` program. See `tonewright --help`.

fn main() -> std::process::ExitCode {
    tonewright::cli::run(std::env::args_os())
}
