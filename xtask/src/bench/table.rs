//! Tables on the screen.

use super::figures::{Figure, Mode};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// All figures: a section a model, a line an engine and a length of block.
pub(crate) fn costs(figures: &[Figure]) -> String {
    let mut text = String::new();
    for model in in_order(figures.iter().map(|f| &f.model)) {
        let _ = writeln!(
            text,
            "\n{model}, microseconds a block\n{:>5}  {:<28}{:>9}{:>9}{:>9}{:>8}{:>7}{:>7}{:>6}{:>9} │{:>9}{:>9}{:>9}",
            "block",
            "engine",
            "hot",
            "p99",
            "p99.9",
            "x real",
            "heap",
            "locks",
            "peak",
            "silence",
            "paced",
            "p99",
            "p99.9",
        );
        let of_model: Vec<_> = figures.iter().filter(|f| f.model == *model).collect();
        let mut blocks: Vec<_> = of_model.iter().map(|f| f.block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for block in blocks {
            let mut label = block.to_string();
            for engine in in_order(of_model.iter().map(|f| (&f.engine, &f.source))) {
                let of = |mode| {
                    let fits =
                        |f: &&&Figure| f.block == block && (&f.engine, &f.source) == engine && f.mode == mode;
                    of_model.iter().find(fits).copied()
                };
                if let Some(line) = line(&of) {
                    let _ = writeln!(text, "{label:>5}  {:<28}{line}", shown(engine.0, engine.1));
                    label.clear();
                }
            }
        }
    }
    text.push_str(
        "\nhot: back to back. x real: how often that fits into the block's duration. heap, locks: calls a block. \
         peak: share of\nthe multiply-adds this processor was measured to do. silence: what silence or subnormal \
         numbers cost, playing being 1.\npaced: a block every block's duration, caches disturbed before each.\n",
    );
    text
}

/// What blocks take of the time they last, where means are known: a line each.
pub(crate) fn shares(figures: &[Figure]) -> String {
    let mut text = String::new();
    for figure in figures {
        let (Some(mean_us), Some(p999_us), Some(factor)) =
            (figure.mean_us, figure.p999_us, figure.realtime_factor)
        else {
            continue;
        };
        let percent = |us: f64| 100.0 * us / (factor * figure.median_us);
        let _ = write!(
            text,
            "{}, {}, blocks of {}, {}: {:.2} % of the time on average, 99.9 % stay below {:.1} %",
            figure.model,
            figure.engine,
            figure.block,
            figure.mode.name(),
            percent(mean_us),
            percent(p999_us),
        );
        if let (Some(mean_us), Some(share)) = (figure.undisturbed_mean_us, figure.undisturbed_share) {
            let (percent, share) = (percent(mean_us), 100.0 * share);
            let _ = write!(
                text,
                "; {percent:.2} % on average where the yardstick ran undisturbed ({share:.0} % of the blocks)"
            );
        }
        text.push('\n');
    }
    text
}

/// The cells behind an engine's name, if there is anything to show.
fn line<'a>(of: &dyn Fn(Mode) -> Option<&'a Figure>) -> Option<String> {
    let (hot, paced) = (of(Mode::Hot), of(Mode::Paced));
    if hot.is_none() && paced.is_none() {
        return None;
    }
    let cell = |value: Option<f64>, width: usize, decimals: usize| {
        value.map_or_else(|| format!("{:>width$}", "-"), |value| format!("{value:>width$.decimals$}"))
    };
    let times = |figure: Option<&Figure>| {
        let values =
            [figure.map(|f| f.median_us), figure.and_then(|f| f.p99_us), figure.and_then(|f| f.p999_us)];
        values.map(|value| cell(value, 9, 1)).concat()
    };
    let quiet = [of(Mode::Silence), of(Mode::Subnormal)].into_iter().flatten().map(|f| f.median_us);
    let quiet = quiet.reduce(f64::max).zip(hot).map(|(quiet, hot)| quiet / hot.median_us);
    let share =
        hot.and_then(|f| f.fma_share).map_or_else(|| "-".into(), |share| format!("{:.0}%", share * 100.0));
    Some(format!(
        "{}{}{}{}{share:>6}{} │{}",
        times(hot),
        cell(hot.and_then(|f| f.realtime_factor), 8, 0),
        cell(hot.and_then(|f| f.heap_calls), 7, 0),
        cell(hot.and_then(|f| f.locks), 7, 0),
        cell(quiet, 9, 2),
        times(paced),
    ))
}

/// How many times as long as ours theirs take, medians.
pub(crate) fn ratios(ours: &[&Figure], theirs: &[&Figure]) -> String {
    let engines = in_order(ours.iter().map(|f| &f.engine));
    let key = |f: &Figure| (f.model.clone(), f.block, f.mode);
    let mut known = BTreeMap::new();
    for figure in ours {
        known.insert((key(figure), &figure.engine), figure.median_us);
    }
    let mut text = String::new();
    for rival in in_order(theirs.iter().map(|f| (&f.engine, &f.source))) {
        let _ = writeln!(text, "\n{} takes so many times as long as", shown(rival.0, rival.1));
        let _ = write!(text, "{:<14}{:>5} {:<7}", "model", "block", "mode");
        for engine in &engines {
            let _ = write!(text, "{engine:>22}");
        }
        text.push('\n');
        for figure in theirs.iter().filter(|f| (&f.engine, &f.source) == rival) {
            let _ = write!(text, "{:<14}{:>5} {:<7}", figure.model, figure.block, figure.mode.name());
            for engine in &engines {
                match known.get(&(key(figure), *engine)) {
                    Some(median_us) => {
                        let _ = write!(text, "{:>22.2}", figure.median_us / median_us);
                    }
                    None => {
                        let _ = write!(text, "{:>22}", "-");
                    }
                }
            }
            text.push('\n');
        }
    }
    text
}

/// An engine's name, and where it comes from if it is not ours.
fn shown(engine: &str, source: &Option<String>) -> String {
    match source {
        Some(source) if source != engine => format!("{engine} ({source})"),
        _ => engine.to_owned(),
    }
}

/// Each once, in the order of its first appearance.
fn in_order<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(engine: &str, mode: Mode, median_us: f64, source: Option<&str>) -> Figure {
        Figure {
            engine: engine.into(),
            model: "seed".into(),
            block: 64,
            mode,
            median_us,
            mean_us: None,
            max_us: None,
            p99_us: None,
            p999_us: None,
            undisturbed_mean_us: None,
            undisturbed_share: None,
            yardstick_us: None,
            realtime_factor: None,
            heap_calls: None,
            frees: None,
            locks: None,
            fma_share: None,
            source: source.map(str::to_owned),
        }
    }

    #[test]
    fn silence_is_shown_as_a_multiple_of_playing() {
        let figures = [
            figure("native", Mode::Hot, 10.0, None),
            figure("native", Mode::Silence, 9.0, None),
            figure("native", Mode::Subnormal, 12.5, None),
        ];
        assert!(costs(&figures).contains(" 1.25 "), "{}", costs(&figures));
    }

    #[test]
    fn shares_are_told_where_means_are_known() {
        let plain = figure("native", Mode::Hot, 10.0, None);
        let known = Figure {
            mean_us: Some(20.0),
            p999_us: Some(100.0),
            realtime_factor: Some(100.0),
            ..figure("stereo, 1x", Mode::Paced, 10.0, None)
        };
        let hot = Figure {
            undisturbed_mean_us: Some(12.5),
            undisturbed_share: Some(0.755),
            ..Figure { mode: Mode::Hot, ..known.clone() }
        };
        let text = shares(&[plain, known, hot]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].ends_with("paced: 2.00 % of the time on average, 99.9 % stay below 10.0 %"),
            "{text}"
        );
        let undisturbed = "; 1.25 % on average where the yardstick ran undisturbed (76 % of the blocks)";
        assert!(lines[1].contains("hot: 2.00 %") && lines[1].ends_with(undisturbed), "{text}");
    }

    #[test]
    fn theirs_are_compared_with_each_of_ours_of_the_same_mode() {
        let ours = [figure("a", Mode::Hot, 2.0, None), figure("b", Mode::Paced, 4.0, None)];
        let theirs = [figure("a", Mode::Hot, 7.0, Some("rival"))];
        let text = ratios(&ours.iter().collect::<Vec<_>>(), &theirs.iter().collect::<Vec<_>>());
        assert!(text.contains("a (rival)"), "{text}");
        let cells: Vec<_> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(cells, ["seed", "64", "hot", "3.50", "-"]);
    }
}
