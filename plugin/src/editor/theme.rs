//! Palette, type and the drawing that all parts of the window share.

use egui::emath::GuiRounding;
use egui::epaint::{Mesh, Shape, Vertex, WHITE_UV};
use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Color32, FontFamily, FontId, Painter, Pos2, Rect, Stroke, Vec2, pos2, vec2};
use std::f32::consts::TAU;

/// Size the window is designed at, in logical pixels; everything scales from there.
pub const DESIGN: Vec2 = vec2(1100.0, 680.0);

/// Smallest size the window can have, in logical pixels: three quarters of the design.
pub const SMALLEST: Vec2 = vec2(825.0, 510.0);

/// The smallest letters, in logical pixels: what is smaller cannot be read, so small windows have letters that are
/// larger than the design's.
pub const SMALLEST_LETTERS: f32 = 8.5;

/// Height of the strip above, in the design.
pub const HEADER_HEIGHT: f32 = 60.0;

/// Upper edge of the strip below, in the design. The pages lie between both.
pub const FOOTER_TOP: f32 = 642.0;

/// Behind everything.
pub const BACK: Color32 = Color32::from_rgb(0x15, 0x13, 0x11);
pub const HEADER: Color32 = Color32::from_rgb(0x1a, 0x17, 0x15);
pub const GLASS: Color32 = Color32::from_rgb(0x0e, 0x0c, 0x0b);
pub const SHEET: Color32 = Color32::from_rgb(0x1d, 0x1a, 0x18);
pub const EDGE: Color32 = Color32::from_rgb(0x3d, 0x36, 0x2f);
pub const EDGE_DARK: Color32 = Color32::from_rgb(0x0a, 0x09, 0x08);
pub const RAISED: Color32 = Color32::from_rgb(0x2d, 0x28, 0x24);
pub const RAISED_HOT: Color32 = Color32::from_rgb(0x38, 0x31, 0x2b);
pub const TEXT: Color32 = Color32::from_rgb(0xf1, 0xe9, 0xdc);
pub const TEXT_DIM: Color32 = Color32::from_rgb(0xbd, 0xb2, 0xa3);
pub const TEXT_FAINT: Color32 = Color32::from_rgb(0xa6, 0x9b, 0x8e);
pub const AMBER: Color32 = Color32::from_rgb(0xf5, 0xa9, 0x3f);
pub const AMBER_DEEP: Color32 = Color32::from_rgb(0xb4, 0x61, 0x18);
pub const GREEN: Color32 = Color32::from_rgb(0x86, 0xb8, 0x6b);
pub const RED: Color32 = Color32::from_rgb(0xe8, 0x58, 0x3c);
/// Red for letters: the other one is too dark to read.
pub const RED_TEXT: Color32 = Color32::from_rgb(0xff, 0x7f, 0x62);
/// Marks of scales, no letters.
pub const MARK: Color32 = Color32::from_rgb(0x6f, 0x66, 0x5c);
/// The ring around what the keys go to.
pub const FOCUS: Color32 = Color32::from_rgb(0xff, 0xd4, 0x8a);
/// A part of the rack.
pub const PANEL: Color32 = Color32::from_rgb(0x21, 0x1d, 0x1a);
/// Behind what went wrong.
pub const ALARM: Color32 = Color32::from_rgb(0x3c, 0x1a, 0x13);
/// What lies over a part that is off.
pub const VEIL: Color32 = Color32::from_rgba_premultiplied(0x05, 0x04, 0x04, 0x40);
/// The faceplate of the tone controls, and its trim.
pub const PLATE: Color32 = Color32::from_rgb(0x2b, 0x22, 0x18);
pub const TRIM: Color32 = Color32::from_rgb(0x8a, 0x66, 0x36);
/// A key that is pressed in.
pub const LIT: Color32 = Color32::from_rgb(0x6e, 0x42, 0x18);

/// Where the design lies in the window.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    origin: Pos2,
    /// Window pixels for one of the design's.
    pub scale: f32,
}

impl Canvas {
    /// The design as large as it fits into `window`, centred.
    pub fn fit(window: Rect) -> Self {
        let scale = (window.width() / DESIGN.x).min(window.height() / DESIGN.y).max(0.1);
        Self { origin: window.center() - DESIGN * scale / 2.0, scale }
    }

    /// The equaliser's page has a design of its own, 880 wide, whose strip above ends at 54.
    pub fn equaliser(&self) -> Self {
        const SCALE: f32 = DESIGN.x / 880.0;
        Self { origin: self.at(0.0, HEADER_HEIGHT - 54.0 * SCALE), scale: self.scale * SCALE }
    }

    /// A point of the design.
    pub fn at(&self, x: f32, y: f32) -> Pos2 {
        self.origin + vec2(x, y) * self.scale
    }

    /// A length of the design.
    pub fn px(&self, length: f32) -> f32 {
        length * self.scale
    }

    /// A rectangle of the design.
    pub fn rect(&self, x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect::from_min_size(self.at(x, y), vec2(width, height) * self.scale)
    }

    /// The text face in a size of the design.
    pub fn font(&self, size: f32) -> FontId {
        FontId::new(self.px(size).max(SMALLEST_LETTERS), FontFamily::Proportional)
    }

    /// The face for figures, all of one width.
    pub fn figures(&self, size: f32) -> FontId {
        FontId::new(self.px(size).max(SMALLEST_LETTERS), FontFamily::Monospace)
    }

    /// Small capitals with air between them: the lettering of a faceplate.
    pub fn label(
        &self,
        painter: &Painter,
        at: Pos2,
        anchor: Align2,
        text: &str,
        size: f32,
        colour: Color32,
    ) -> Rect {
        let galley = painter.layout_job(self.lettering(text, size, colour));
        let rect = anchor.anchor_size(at, galley.size());
        painter.galley(rect.min, galley, colour);
        rect
    }

    /// Width of [`Canvas::label`] in the window.
    pub fn label_width(&self, painter: &Painter, text: &str, size: f32) -> f32 {
        painter.layout_job(self.lettering(text, size, TEXT)).size().x
    }

    fn lettering(&self, text: &str, size: f32, colour: Color32) -> LayoutJob {
        let format = TextFormat {
            font_id: self.font(size),
            extra_letter_spacing: self.px(size * 0.16),
            color: colour,
            ..TextFormat::default()
        };
        let mut job = LayoutJob::default();
        job.append(&text.to_uppercase(), 0.0, format);
        job
    }

    /// One line of text that ends in an ellipsis where it is longer than `width` of the design.
    pub fn line(
        &self,
        painter: &Painter,
        (at, anchor): (Pos2, Align2),
        text: &str,
        font: FontId,
        colour: Color32,
        width: f32,
    ) -> Rect {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(self.px(width));
        let galley = painter.layout_job(job);
        let rect = anchor.anchor_size(at, galley.size());
        painter.galley(rect.min, galley, colour);
        rect
    }

    /// A panel let into the surface.
    pub fn inset(&self, painter: &Painter, rect: Rect, radius: f32) {
        let radius = self.px(radius);
        painter.rect_filled(rect, radius, GLASS);
        let dark = Stroke::new(self.px(1.5), EDGE_DARK);
        painter.rect_stroke(rect, radius, dark, egui::StrokeKind::Outside);
        painter.rect_stroke(
            rect,
            radius,
            Stroke::new(self.px(1.0), EDGE.gamma_multiply(0.55)),
            egui::StrokeKind::Outside,
        );
    }
}

/// A rectangle whose colour runs from top to bottom.
pub fn vertical(painter: &Painter, rect: Rect, top: Color32, bottom: Color32) {
    let mut mesh = Mesh::default();
    for (corner, colour) in [
        (rect.left_top(), top),
        (rect.right_top(), top),
        (rect.right_bottom(), bottom),
        (rect.left_bottom(), bottom),
    ] {
        mesh.colored_vertex(corner, colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    painter.add(Shape::mesh(mesh));
}

/// A rectangle of one colour between whole pixels: what a straight line needs, without the smooth edges that
/// make up most of the work for a thin one.
pub fn crisp(painter: &Painter, rect: Rect, colour: Color32) {
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(rect.round_to_pixels(painter.pixels_per_point()), colour);
    painter.add(Shape::mesh(mesh));
}

/// An ellipse whose colour runs from the middle outwards.
pub fn radial(painter: &Painter, centre: Pos2, radius: Vec2, inside: Color32, outside: Color32) {
    painter.add(glow(centre, radius, inside, outside));
}

/// [`radial`] as a shape, to be kept.
pub fn glow(centre: Pos2, radius: Vec2, inside: Color32, outside: Color32) -> Shape {
    const CORNERS: u32 = 48;
    let mut mesh = Mesh::default();
    mesh.vertices.push(Vertex { pos: centre, uv: WHITE_UV, color: inside });
    for i in 0..CORNERS {
        let (sin, cos) = (TAU * i as f32 / CORNERS as f32).sin_cos();
        mesh.colored_vertex(centre + vec2(cos, sin) * radius, outside);
        mesh.add_triangle(0, i + 1, (i + 1) % CORNERS + 1);
    }
    Shape::mesh(mesh)
}

/// A circle whose colour runs from top to bottom, as light from above makes it.
pub fn lit_circle(painter: &Painter, centre: Pos2, radius: f32, top: Color32, bottom: Color32) {
    // A tenth of a pixel off the circle at most.
    let corners = (7.0 * radius.max(0.0).sqrt()).clamp(16.0, 96.0) as u32;
    let shade = |height: f32| top.lerp_to_gamma(bottom, (height + 1.0) / 2.0);
    let mut mesh = Mesh::default();
    mesh.colored_vertex(centre, shade(0.0));
    for i in 0..corners {
        let (sin, cos) = (TAU * i as f32 / corners as f32).sin_cos();
        mesh.colored_vertex(centre + vec2(cos, sin) * radius, shade(sin));
        mesh.add_triangle(0, i + 1, (i + 1) % corners + 1);
    }
    painter.add(Shape::mesh(mesh));
    // A mesh has hard edges; the line smooths them.
    painter.circle_stroke(centre, radius, Stroke::new(1.2, top.lerp_to_gamma(bottom, 0.5)));
}

/// Part of a circle's outline; angles in radians, clockwise from the right.
pub fn arc(painter: &Painter, centre: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) {
    let steps = ((to - from).abs() * radius / 2.5).ceil().clamp(2.0, 200.0) as usize;
    let points = (0..=steps)
        .map(|i| {
            let angle = from + (to - from) * i as f32 / steps as f32;
            centre + Vec2::angled(angle) * radius
        })
        .collect();
    painter.add(Shape::line(points, stroke));
}

/// A small triangle that points left (`-1`) or right (`1`).
pub fn chevron(painter: &Painter, centre: Pos2, size: f32, direction: f32, colour: Color32, width: f32) {
    let points = vec![
        pos2(centre.x - direction * size * 0.45, centre.y - size),
        pos2(centre.x + direction * size * 0.45, centre.y),
        pos2(centre.x - direction * size * 0.45, centre.y + size),
    ];
    painter.add(Shape::line(points, Stroke::new(width, colour)));
}

/// Sets up egui's own widgets: text fields, scroll bars and menus.
pub fn apply(context: &egui::Context, scale: f32) {
    context.all_styles_mut(|style| {
        style.text_styles = egui::style::default_text_styles();
        style.text_styles.values_mut().for_each(|font| font.size *= scale);
        style.spacing.menu_margin = egui::Margin::same((4.0 * scale) as i8);
        let visuals = &mut style.visuals;
        *visuals = egui::Visuals::dark();
        visuals.override_text_color = Some(TEXT);
        // The window is cleared with its colour already: painting it once more would cost as much as all the rest.
        visuals.panel_fill = Color32::TRANSPARENT;
        visuals.window_fill = Color32::from_rgb(0x1c, 0x19, 0x17);
        visuals.window_stroke = Stroke::new(1.0, EDGE);
        visuals.extreme_bg_color = GLASS;
        visuals.selection.bg_fill = AMBER_DEEP;
        visuals.selection.stroke = Stroke::new(1.0, TEXT);
        visuals.popup_shadow =
            egui::Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(150) };
        style.interaction.selectable_labels = false;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.1).
    fn luminance(colour: Color32) -> f64 {
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_is_as_the_recommendation_defines_it() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        // An example of the recommendation's test suites: just enough on white.
        assert!((contrast(Color32::from_rgb(0x76, 0x76, 0x76), Color32::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn all_letters_can_be_read() {
        let surfaces = [BACK, HEADER, GLASS, PANEL, PLATE, SHEET, RAISED, RAISED_HOT];
        for text in [TEXT, TEXT_DIM, TEXT_FAINT, AMBER, GREEN, RED_TEXT] {
            for surface in surfaces {
                let found = contrast(text, surface);
                assert!(found >= 4.5, "{text:?} on {surface:?}: {found:.2}");
            }
        }
        for surface in [LIT, ALARM] {
            let found = contrast(TEXT, surface);
            assert!(found >= 4.5, "{surface:?}: {found:.2}");
        }
        assert!(contrast(FOCUS, PANEL) >= 3.0 && contrast(MARK, GLASS) >= 3.0);
    }

    #[test]
    fn a_part_that_is_off_can_still_be_read() {
        // The veil darkens letters and surface alike.
        let veiled = |colour: Color32| colour.blend(VEIL);
        for text in [TEXT, TEXT_DIM] {
            for surface in [PANEL, GLASS, RAISED] {
                let found = contrast(veiled(text), veiled(surface));
                assert!(found >= 4.5, "{text:?} on {surface:?}: {found:.2}");
            }
        }
    }
}
