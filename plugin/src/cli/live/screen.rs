//! Where what is to be seen goes: a part of the terminal that is drawn anew again and again, or lines.

use super::keys::{Action, action};
use super::terminal::Terminal;
use super::view::{Look, Span, View};
use crossterm::cursor::MoveToPreviousLine;
use crossterm::event::{self, Event};
use crossterm::style::{Color, Print, ResetColor, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType, size};
use crossterm::{QueueableCommand, queue};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How often the screen is drawn.
const FRAME: Duration = Duration::from_millis(60);

/// How often a line is printed.
const LINE: Duration = Duration::from_secs(5);

/// The size where the terminal does not tell.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Where it is shown.
pub(super) enum Screen {
    /// A terminal, and how many lines of it were drawn.
    Terminal { _terminal: Terminal, drawn: usize },
    /// A file or a pipe, and when a line was printed last.
    Lines { last: Instant },
}

impl Screen {
    /// The terminal if somebody sits in front of it.
    pub fn open() -> io::Result<Self> {
        Ok(if Terminal::is_there() {
            Self::Terminal { _terminal: Terminal::take()?, drawn: 0 }
        } else {
            Self::Lines { last: Instant::now() }
        })
    }

    /// Shows it, if it is time to.
    pub fn show(&mut self, view: &View<'_>) -> io::Result<()> {
        match self {
            Self::Terminal { drawn, .. } => {
                let (width, height) = known(size());
                let mut lines = view.lines(width - 1);
                // What scrolls out of the top cannot be drawn over.
                lines.truncate(height - 1);
                draw(&mut io::stdout().lock(), &lines, std::mem::replace(drawn, lines.len()))
            }
            Self::Lines { last } if last.elapsed() >= LINE => {
                *last = Instant::now();
                writeln!(io::stdout(), "{}", view.line())
            }
            Self::Lines { .. } => Ok(()),
        }
    }

    /// Waits until the next picture is due, or somebody presses a key that does something.
    pub fn wait(&mut self) -> io::Result<Option<Action>> {
        if matches!(self, Self::Lines { .. }) {
            std::thread::sleep(FRAME);
            return Ok(None);
        }
        if !event::poll(FRAME)? {
            return Ok(None);
        }
        Ok(if let Event::Key(key) = event::read()? { action(key) } else { None })
    }
}

/// Width and height, at least 1. Serial lines and some programs that open terminals say 0 where they do not know.
fn known(told: io::Result<(u16, u16)>) -> (usize, usize) {
    let (width, height) = told.unwrap_or_default();
    let or = |told: u16, usual: u16| usize::from(if told == 0 { usual } else { told });
    (or(width, USUAL_SIZE.0), or(height, USUAL_SIZE.1))
}

/// Draws lines over the ones that were `drawn` before.
fn draw(out: &mut impl Write, lines: &[Vec<Span>], drawn: usize) -> io::Result<()> {
    if drawn > 0 {
        out.queue(MoveToPreviousLine(drawn as u16))?;
    }
    for line in lines {
        for (look, text) in line {
            match colour(*look) {
                Some(colour) => queue!(out, SetForegroundColor(colour), Print(text), ResetColor)?,
                None => queue!(out, Print(text))?,
            }
        }
        queue!(out, Clear(ClearType::UntilNewLine), Print("\r\n"))?;
    }
    out.queue(Clear(ClearType::FromCursorDown))?;
    out.flush()
}

fn colour(look: Look) -> Option<Color> {
    match look {
        Look::Plain => None,
        Look::Faint => Some(Color::DarkGrey),
        Look::Good => Some(Color::Green),
        Look::Loud => Some(Color::Yellow),
        Look::Bad => Some(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_over_the_one_before() {
        let picture = |lines: &[&str], drawn| {
            let lines: Vec<Vec<Span>> = lines.iter().map(|l| vec![(Look::Plain, l.to_string())]).collect();
            let mut out = Vec::new();
            draw(&mut out, &lines, drawn).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(picture(&["a", "b"], 0), "a\x1b[K\r\nb\x1b[K\r\n\x1b[J");
        assert_eq!(picture(&["c"], 2), "\x1b[2Fc\x1b[K\r\n\x1b[J");
    }

    #[test]
    fn what_a_terminal_does_not_tell_is_as_usual() {
        assert_eq!(known(Ok((100, 30))), (100, 30));
        assert_eq!(known(Ok((0, 0))), (80, 24));
        assert_eq!(known(Ok((132, 0))), (132, 24));
        assert_eq!(known(Err(io::ErrorKind::Unsupported.into())), (80, 24));
    }
}
