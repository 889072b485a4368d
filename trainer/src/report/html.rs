//! Texts and tables of a page that is both HTML and well-formed XML.

use std::fmt::Write;

/// Longest text of somebody else's that is shown, in characters.
const LONGEST: usize = 4096;

/// A text as it may stand anywhere in the page, attributes included. Characters that no page may hold, and those that
/// turn the direction of what follows, become a replacement character; what is too long is cut.
pub fn escape(text: &str) -> String {
    escape_up_to(text, LONGEST)
}

/// The same with another limit, in characters.
pub fn escape_up_to(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == longest {
            out.push('…');
            break;
        }
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}' => {
                out.push('\u{FFFD}')
            }
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A number with three significant digits, as people write it.
pub fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let exponent = value.abs().log10().floor() as i32;
    match exponent {
        ..-7 => format!("{value:.1e}"),
        _ => format!("{value:.*}", (2 - exponent).max(0) as usize),
    }
}

/// A table; the first cell of a row is its heading. Cells are escaped, but for those of `bar`.
pub struct Table {
    out: String,
}

impl Table {
    /// With a caption and the headings of its columns.
    pub fn new(caption: &str, columns: &[&str]) -> Self {
        let mut out = format!("<div class=\"wide\"><table><caption>{}</caption><thead><tr>", escape(caption));
        for column in columns {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, "<th scope=\"col\">{}</th>", escape(column));
        }
        out.push_str("</tr></thead><tbody>");
        Self { out }
    }

    /// One more row, with a bar of `share` (0 to 1) at its end if there is one.
    pub fn row(&mut self, cells: &[String], share: Option<f64>) {
        self.out.push_str("<tr>");
        for (i, cell) in cells.iter().enumerate() {
            let _ = match i {
                0 => write!(self.out, "<th scope=\"row\">{}</th>", escape(cell)),
                _ => write!(self.out, "<td>{}</td>", escape(cell)),
            };
        }
        if let Some(share) = share {
            let percent = (share.clamp(0.0, 1.0) * 100.0).round();
            let _ = write!(
                self.out,
                "<td class=\"bar\" aria-hidden=\"true\"><i style=\"width:{percent}%\"></i></td>"
            );
        }
        self.out.push_str("</tr>");
    }

    /// The table's text.
    pub fn finish(mut self) -> String {
        self.out.push_str("</tbody></table></div>");
        self.out
    }
}

/// A list of names and values.
pub fn list(pairs: &[(String, String)]) -> String {
    let mut out = String::from("<dl>");
    for (name, value) in pairs {
        let _ = write!(out, "<dt>{}</dt><dd><bdi>{}</bdi></dd>", escape(name), escape(value));
    }
    out.push_str("</dl>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        assert_eq!(
            escape("<script>alert('x')</script>&\"\0\u{1b}[31m\u{202e}é\n"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\u{FFFD}\u{FFFD}[31m\u{FFFD}é\n"
        );
        assert_eq!(escape_up_to("abcdef", 3), "abc…");
        assert_eq!(escape_up_to("abc", 3), "abc");
    }

    #[test]
    fn figures_have_three_digits() {
        let texts = [0.0, 1.0, 0.0123456, 0.00006012, 123.4, 98_765.0, -0.5, 1e-9].map(figure);
        assert_eq!(texts, ["0", "1.00", "0.0123", "0.0000601", "123", "98765", "-0.500", "1.0e-9"]);
    }
}
