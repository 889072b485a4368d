//! What a run was made with.

use std::time::{SystemTime, UNIX_EPOCH};

/// Names and values of machine, software and time, for the page.
pub fn facts() -> Vec<(String, String)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut facts = vec![
        ("Processor".to_owned(), processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned())),
        ("Threads".to_owned(), threads.to_string()),
    ];
    let cards = graphics();
    if !cards.is_empty() {
        facts.push(("Graphics processors".to_owned(), cards.join(", ")));
    }
    facts.push(("System".to_owned(), format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH)));
    facts.push(("Trainer".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    facts.push(("libtorch".to_owned(), LIBTORCH.to_owned()));
    facts.push(("Page written".to_owned(), utc(SystemTime::now())));
    facts
}

/// The version that `tch` is built against.
const LIBTORCH: &str = "2.11";

/// The processor's name as Linux knows it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    named(&text, "model name")
}

/// The names of NVIDIA's cards as their driver knows them.
fn graphics() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir("/proc/driver/nvidia/gpus") else { return Vec::new() };
    let names = folder.flatten().filter_map(|card| {
        let text = std::fs::read_to_string(card.path().join("information")).ok()?;
        named(&text, "Model")
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The value of the first line `key: value`.
fn named(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
    Some(line.split_once(':')?.1.trim().to_owned()).filter(|value| !value.is_empty())
}

/// A moment as date and time in UTC.
fn utc(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Year, month and day of a number of days after 1 January 1970, in the Gregorian calendar (Hinnant,
/// "chrono-compatible low-level date algorithms", `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(UNIX_EPOCH), "1970-01-01 00:00 UTC");
        assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(951_827_696)), "2000-02-29 12:34 UTC");
        assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(4_102_444_799)), "2099-12-31 23:59 UTC");
    }

    #[test]
    fn the_processor_is_found_by_its_line() {
        let text = "processor\t: 0\nmodel\t\t: 1\nmodel name\t: Some CPU @ 3: GHz\nmodel name\t: Other\n";
        assert_eq!(named(text, "model name").as_deref(), Some("Some CPU @ 3: GHz"));
        assert_eq!(named("model name:\n", "model name"), None);
    }
}
