//! Which words of a map show their names, so that none lies on another.

use egui::{Pos2, Rect, Vec2, vec2};

/// Places that a name tries, as shares of its size: on its point, then a little beside it.
const TRIES: [(f32, f32); 5] = [(0.0, 0.0), (0.0, -0.75), (0.0, 0.75), (0.45, -0.4), (-0.45, 0.4)];

/// Where the names go. Points and sizes are in the order of importance: a name that lies on one before
/// it, or sticks out of `area`, is left away.
pub fn place(names: &[(Pos2, Vec2)], area: Rect, gap: Vec2) -> Vec<Option<Rect>> {
    let mut taken: Vec<Rect> = Vec::new();
    let mut room = |&(at, size): &(Pos2, Vec2)| {
        if !area.contains(at) {
            return None;
        }
        let fits = TRIES.iter().find_map(|(x, y)| {
            let rect = Rect::from_center_size(at + vec2(x * size.x, y * size.y), size);
            let rect = inside(rect, area)?;
            let wide = rect.expand2(gap);
            taken.iter().all(|other| !other.intersects(wide)).then_some(rect)
        });
        taken.extend(fits);
        fits
    };
    names.iter().map(&mut room).collect()
}

/// The rectangle moved into the area, if it fits there.
fn inside(rect: Rect, area: Rect) -> Option<Rect> {
    let low = (area.min - rect.min).max(Vec2::ZERO);
    let high = (rect.max - area.max).max(Vec2::ZERO);
    let moved = rect.translate(low - high);
    area.contains_rect(moved).then_some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    const AREA: Rect = Rect { min: Pos2::ZERO, max: Pos2::new(600.0, 350.0) };

    #[test]
    fn no_name_lies_on_another_or_sticks_out() {
        // A crowd: a thousand points on a spiral, most of them near the middle.
        let names: Vec<(Pos2, Vec2)> = (0..1000)
            .map(|i| {
                let share = i as f32 / 1000.0;
                let at = pos2(300.0, 175.0) + Vec2::angled(2.4 * i as f32) * 175.0 * share * share;
                (at, vec2(40.0 - 20.0 * share, 12.0))
            })
            .collect();
        let placed = place(&names, AREA, vec2(3.0, 1.0));
        let shown: Vec<Rect> = placed.iter().flatten().copied().collect();
        assert!(shown.len() > 80, "{} are shown", shown.len());
        for (i, a) in shown.iter().enumerate() {
            assert!(AREA.contains_rect(*a));
            assert!(shown[..i].iter().all(|b| !a.intersects(*b)), "{a:?}");
        }
        assert!(placed[0].is_some(), "the most important one is shown");
    }

    #[test]
    fn names_at_the_edge_are_moved_in_and_points_outside_have_none() {
        let size = vec2(50.0, 10.0);
        let placed = place(&[(pos2(2.0, 100.0), size), (pos2(-1.0, 200.0), size)], AREA, Vec2::ZERO);
        assert_eq!(placed[0], Some(Rect::from_min_size(pos2(0.0, 95.0), size)));
        assert_eq!(placed[1], None);
        assert_eq!(place(&[(pos2(5.0, 5.0), vec2(700.0, 5.0))], AREA, Vec2::ZERO), [None]);
    }
}
