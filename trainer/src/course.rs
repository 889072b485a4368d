//! What decides the course of a run beside recording and network, as its checkpoints remember it.

use crate::config::{LossConfig, ScheduleKind, Train};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings by their names, in words for people.
type Settings = BTreeMap<String, String>;

/// What a run was begun with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// What must stay, for the run to end as if it had never been interrupted. Empty in checkpoints from before there was
    /// this.
    fixed: Settings,
    /// How long it is to take: this may change.
    plan: Settings,
    /// What computes gradients: [`crate::gradient::means`].
    means: String,
}

impl Course {
    /// The course of a run that is begun with these settings; `means` computes its gradients.
    pub fn of(train: &Train, means: &str) -> Self {
        let Train { learning_rate, schedule, warm_up_steps, loss, average, steps, max_minutes, from, .. } =
            train;
        let schedule = match schedule {
            ScheduleKind::Constant => "constant".to_owned(),
            ScheduleKind::Cosine { final_learning_rate } => format!("cosine to {final_learning_rate:?}"),
            ScheduleKind::Exponential { final_learning_rate } => {
                format!("exponential to {final_learning_rate:?}")
            }
        };
        let mut fixed = Settings::from([
            ("train.learning_rate".to_owned(), format!("{learning_rate:?}")),
            ("train.schedule".to_owned(), schedule),
            ("train.warm_up_steps".to_owned(), warm_up_steps.to_string()),
            ("train.average".to_owned(), or_none(average.as_ref())),
        ]);
        // What has no weight changes nothing, and may be changed.
        let LossConfig { esr, pre_emphasis, plain_esr, dc, mrstft, mrstft_ffts } = loss;
        for (name, weight) in [("esr", esr), ("plain_esr", plain_esr), ("dc", dc), ("mrstft", mrstft)] {
            fixed.insert(format!("train.loss.{name}"), format!("{weight:?}"));
        }
        if *esr > 0.0 {
            fixed.insert("train.loss.pre_emphasis".to_owned(), format!("{pre_emphasis:?}"));
        }
        if *mrstft > 0.0 {
            fixed.insert("train.loss.mrstft_ffts".to_owned(), format!("{mrstft_ffts:?}"));
        }
        if let Some(from) = from {
            fixed.insert("train.from".to_owned(), from.display().to_string());
        }
        let plan = Settings::from([
            ("train.steps".to_owned(), steps.to_string()),
            ("train.max_minutes".to_owned(), or_none(max_minutes.as_ref())),
        ]);
        Self { fixed, plan, means: means.to_owned() }
    }

    /// What stands in the way of going on as `now` says, in words. What a run began with need not be said again, so that
    /// `train.from` may be missing now.
    pub fn obstacle(&self, now: &Self) -> Option<String> {
        if self.fixed.is_empty() {
            return None;
        }
        if self.means != now.means && !self.moved(now) {
            let (then, now) = (&self.means, &now.means);
            return Some(format!(
                "its gradients came from {then}, and would now come from {now} (`train.backend`)"
            ));
        }
        let none = || "none".to_owned();
        let differs = |(name, value): &(&String, &String)| self.fixed.get(*name) != Some(value);
        let (name, value) = now.fixed.iter().find(differs)?;
        let then = self.fixed.get(name).cloned().unwrap_or_else(none);
        Some(format!("it was begun with `{name}` {then}, which is {value} now"))
    }

    /// What goes on in another way than before, and may.
    pub fn news(&self, now: &Self) -> Vec<String> {
        let mut news = Vec::new();
        for (name, value) in &now.plan {
            match self.plan.get(name) {
                Some(then) if then != value => {
                    let constant = now.fixed.get("train.schedule").is_some_and(|kind| kind == "constant");
                    let rate = match constant {
                        true => "",
                        false => {
                            "; the learning rate follows the new plan from here on, so the model is not the one of a run begun with it"
                        }
                    };
                    news.push(format!("`{name}` was {then}, and is {value} now{rate}"));
                }
                _ => {}
            }
        }
        if self.moved(now) {
            let (then, now) = (&self.means, &now.means);
            news.push(format!("gradients came from {then}, and now from {now}; their last bits differ"));
        }
        news
    }

    /// The course of a run that goes on as `now` says, and began as this.
    pub fn renewed(self, now: &Self) -> Self {
        let fixed = if self.fixed.is_empty() { now.fixed.clone() } else { self.fixed };
        Self { fixed, plan: now.plan.clone(), means: now.means.clone() }
    }

    /// Whether it goes from or to a GPU, where no two runs are the same to the bit anyway.
    fn moved(&self, now: &Self) -> bool {
        let gpu = |course: &Self| course.means.contains("GPU");
        !self.fixed.is_empty() && self.means != now.means && (gpu(self) || gpu(now))
    }
}

fn or_none(value: Option<&f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn course(change: impl FnOnce(&mut Train)) -> Course {
        let mut train = Train::default();
        change(&mut train);
        Course::of(&train, "our own kernel")
    }

    #[test]
    fn what_decides_the_bits_may_not_change() {
        let before = course(|_| {});
        type Change = fn(&mut Train);
        let cases: [(&str, Change); 8] = [
            ("`train.learning_rate` 0.004, which is 0.002 now", |t| t.learning_rate = 2e-3),
            ("`train.schedule` cosine to 1e-5, which is constant now", |t| {
                t.schedule = ScheduleKind::Constant
            }),
            ("`train.warm_up_steps` 0, which is 9", |t| t.warm_up_steps = 9),
            ("`train.average` none, which is 0.9", |t| t.average = Some(0.9)),
            ("`train.loss.dc` 1.0, which is 0.5", |t| t.loss.dc = 0.5),
            ("`train.loss.mrstft` 0.0, which is 0.1", |t| t.loss.mrstft = 0.1),
            ("`train.loss.pre_emphasis` 0.85, which is 0.9", |t| t.loss.pre_emphasis = 0.9),
            ("`train.from` none, which is other.onnx", |t| t.from = Some(PathBuf::from("other.onnx"))),
        ];
        for (words, change) in cases {
            let problem = before.obstacle(&course(change)).unwrap_or_default();
            assert!(problem.contains(words), "{words}: {problem}");
        }
        assert_eq!(before.obstacle(&before), None);
        // Nothing is made small by an STFT without a weight; and `--from` is not said again with `--resume`.
        assert_eq!(before.obstacle(&course(|t| t.loss.mrstft_ffts = vec![64])), None);
        assert_eq!(course(|t| t.from = Some(PathBuf::from("other.onnx"))).obstacle(&before), None);
        // A checkpoint from before this was kept says nothing.
        assert_eq!(Course::default().obstacle(&before), None);
    }

    #[test]
    fn a_run_may_take_longer_than_was_planned() {
        let (before, longer) = (course(|_| {}), course(|t| t.steps = 30_000));
        assert_eq!(before.obstacle(&longer), None);
        let news = before.news(&longer);
        assert!(
            news.len() == 1
                && news[0].contains("`train.steps` was 20000, and is 30000 now; the learning rate")
        );
        assert_eq!(before.news(&before), Vec::<String>::new());
        assert_eq!(before.renewed(&longer), longer);
    }

    #[test]
    fn only_a_gpu_may_change_places_with_a_processor() {
        let with = |means| Course::of(&Train::default(), means);
        let [kernel, libtorch, gpu] = ["our own kernel", "libtorch", "libtorch on a GPU"].map(with);
        assert!(kernel.obstacle(&libtorch).is_some_and(|problem| problem.contains("`train.backend`")));
        for (a, b) in [(&kernel, &gpu), (&gpu, &libtorch)] {
            assert_eq!((a.obstacle(b), a.news(b).len()), (None, 1));
        }
    }
}
