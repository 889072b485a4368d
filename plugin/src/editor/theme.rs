//! Palette, type and the drawing that all parts of the window share.

use egui::epaint::{Mesh, Shape, Vertex, WHITE_UV};
use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Color32, FontFamily, FontId, Painter, Pos2, Rect, Stroke, Vec2, pos2, vec2};
use std::f32::consts::TAU;

/// Size the window is designed at, in logical pixels; everything scales from there.
pub const DESIGN: Vec2 = vec2(880.0, 520.0);

/// Smallest size the window can have, in logical pixels.
pub const SMALLEST: Vec2 = vec2(616.0, 364.0);

pub const BACK_TOP: Color32 = Color32::from_rgb(0x26, 0x22, 0x1f);
pub const BACK_BOTTOM: Color32 = Color32::from_rgb(0x13, 0x11, 0x10);
pub const HEADER: Color32 = Color32::from_rgb(0x17, 0x15, 0x13);
pub const GLASS: Color32 = Color32::from_rgb(0x0e, 0x0c, 0x0b);
pub const EDGE: Color32 = Color32::from_rgb(0x3d, 0x36, 0x2f);
pub const EDGE_DARK: Color32 = Color32::from_rgb(0x0a, 0x09, 0x08);
pub const RAISED: Color32 = Color32::from_rgb(0x2d, 0x28, 0x24);
pub const RAISED_HOT: Color32 = Color32::from_rgb(0x3a, 0x33, 0x2d);
pub const TEXT: Color32 = Color32::from_rgb(0xf1, 0xe9, 0xdc);
pub const TEXT_DIM: Color32 = Color32::from_rgb(0xad, 0xa1, 0x92);
pub const TEXT_FAINT: Color32 = Color32::from_rgb(0x7b, 0x71, 0x66);
pub const AMBER: Color32 = Color32::from_rgb(0xf5, 0xa9, 0x3f);
pub const AMBER_DEEP: Color32 = Color32::from_rgb(0xb4, 0x61, 0x18);
pub const GREEN: Color32 = Color32::from_rgb(0x86, 0xb8, 0x6b);
pub const RED: Color32 = Color32::from_rgb(0xe8, 0x58, 0x3c);

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
        FontId::new(self.px(size), FontFamily::Proportional)
    }

    /// The face for figures, all of one width.
    pub fn figures(&self, size: f32) -> FontId {
        FontId::new(self.px(size), FontFamily::Monospace)
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
        let format = TextFormat {
            font_id: self.font(size),
            extra_letter_spacing: self.px(size * 0.16),
            color: colour,
            ..TextFormat::default()
        };
        let mut job = LayoutJob::default();
        job.append(&text.to_uppercase(), 0.0, format);
        let galley = painter.layout_job(job);
        let rect = anchor.anchor_size(at, galley.size());
        painter.galley(rect.min, galley, colour);
        rect
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
        painter.rect_filled(rect.expand(self.px(1.5)), radius + 1.0, EDGE_DARK);
        painter.rect_filled(rect, radius, GLASS);
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

/// An ellipse whose colour runs from the middle outwards.
pub fn radial(painter: &Painter, centre: Pos2, radius: Vec2, inside: Color32, outside: Color32) {
    const CORNERS: u32 = 64;
    let mut mesh = Mesh::default();
    mesh.vertices.push(Vertex { pos: centre, uv: WHITE_UV, color: inside });
    for i in 0..CORNERS {
        let (sin, cos) = (TAU * i as f32 / CORNERS as f32).sin_cos();
        mesh.colored_vertex(centre + vec2(cos, sin) * radius, outside);
        mesh.add_triangle(0, i + 1, (i + 1) % CORNERS + 1);
    }
    painter.add(Shape::mesh(mesh));
}

/// A circle whose colour runs from top to bottom, as light from above makes it.
pub fn lit_circle(painter: &Painter, centre: Pos2, radius: f32, top: Color32, bottom: Color32) {
    const CORNERS: u32 = 72;
    let shade = |height: f32| top.lerp_to_gamma(bottom, (height + 1.0) / 2.0);
    let mut mesh = Mesh::default();
    mesh.colored_vertex(centre, shade(0.0));
    for i in 0..CORNERS {
        let (sin, cos) = (TAU * i as f32 / CORNERS as f32).sin_cos();
        mesh.colored_vertex(centre + vec2(cos, sin) * radius, shade(sin));
        mesh.add_triangle(0, i + 1, (i + 1) % CORNERS + 1);
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
pub fn apply(context: &egui::Context) {
    context.all_styles_mut(|style| {
        let visuals = &mut style.visuals;
        *visuals = egui::Visuals::dark();
        visuals.override_text_color = Some(TEXT);
        visuals.panel_fill = BACK_BOTTOM;
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
