//! The window's options as they were given: most are the plugin framework's and only passed on.

use std::ops::Range;

/// In the order they were given.
pub struct Options(pub Vec<String>);

impl Options {
    pub fn ask_for_help(&self) -> bool {
        self.0.iter().any(|option| option == "--help" || option == "-h")
    }

    /// The value of an option, if it is given with one.
    pub fn value(&self, long: &str, short: Option<char>) -> Option<&str> {
        Some(self.find(long, short)?.1)
    }

    pub fn has(&self, long: &str, short: Option<char>) -> bool {
        self.value(long, short).is_some()
    }

    /// Takes a switch out, and says whether it was there.
    pub fn take_switch(&mut self, long: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|option| option != long);
        self.0.len() < before
    }

    /// Sets an option, in place of what was given.
    pub fn set(&mut self, long: &str, short: Option<char>, value: &str) {
        if let Some((place, _)) = self.find(long, short) {
            self.0.drain(place);
        }
        self.0.push(format!("{long}={value}"));
    }

    /// Where an option stands, and its value: behind it or, in the same word, behind a sign or right after its letter.
    fn find(&self, long: &str, short: Option<char>) -> Option<(Range<usize>, &str)> {
        self.0.iter().enumerate().find_map(|(at, option)| {
            let rest = match short.and_then(|letter| option.strip_prefix('-')?.strip_prefix(letter)) {
                Some("") => "",
                Some(value) => return Some((at..at + 1, value.strip_prefix('=').unwrap_or(value))),
                None => option.strip_prefix(long)?,
            };
            match rest.strip_prefix('=') {
                Some(value) => Some((at..at + 1, value)),
                None if rest.is_empty() => Some((at..at + 2, self.0.get(at + 1)?)),
                None => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        Options(text.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        for text in ["--backend jack", "-b jack", "-bjack", "-b=jack", "--backend=jack", "-r 44100 -b jack"] {
            assert_eq!(options(text).value("--backend", Some('b')), Some("jack"), "{text}");
        }
        for text in ["", "--backend", "-r 44100", "--backends jack", "--no-input"] {
            assert_eq!(options(text).value("--backend", Some('b')), None, "{text}");
        }
        assert_eq!(options("--input-device=").value("--input-device", None), Some(""));
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_was_given() {
        for text in ["-b auto -p 64", "-p 64 --backend=auto", "-p 64"] {
            let mut options = options(text);
            options.set("--backend", Some('b'), "jack");
            assert_eq!(options.0.last().map(String::as_str), Some("--backend=jack"), "{text}");
            assert_eq!(options.value("--period-size", Some('p')), Some("64"), "{text}");
            assert!(options.0.iter().all(|option| !option.contains("auto")), "{text}");
        }
    }

    #[test]
    fn our_own_switch_is_not_passed_on() {
        let mut options = options("--no-input -p 64");
        assert!(options.take_switch("--no-input") && !options.take_switch("--no-input"));
        assert_eq!(options.0, ["-p", "64"]);
    }
}
