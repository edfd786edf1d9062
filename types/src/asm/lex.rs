//! The tokens of a line.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, iter::Peekable, str::Chars};

use super::{Result, error};
use crate::text::{plain, quoted};

pub(super) struct Token {
    pub(super) kind: Kind,
    /// The column where the token starts, counted from 1 in characters.
    pub(super) column: usize,
}

pub(super) enum Kind {
    Word(String),
    /// A word followed by a colon.
    Label(String),
    /// Text in quotes, without its escapes.
    Text(String),
    Comma,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(&plain(word)),
            Self::Label(name) => write!(f, "label {}", plain(name)),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Comma => f.write_str("a comma"),
        }
    }
}

struct Lexer<'a> {
    letters: Peekable<Chars<'a>>,
    /// The column of the next letter.
    column: usize,
}

/// Splits a line into tokens, up to its comment.
pub(super) fn tokens(line: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { letters: line.chars().peekable(), column: 1 };
    let mut tokens = Vec::new();
    while let Some(letter) = lexer.next() {
        let column = lexer.column - 1;
        let kind = match letter {
            ';' | '#' => break,
            ',' => Kind::Comma,
            '"' => Kind::Text(lexer.text(column)?),
            _ if letter.is_whitespace() => continue,
            _ => lexer.word(letter, column)?,
        };
        tokens.push(Token { kind, column });
    }
    Ok(tokens)
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next();
        self.column += usize::from(letter.is_some());
        letter
    }

    fn word(&mut self, first: char, column: usize) -> Result<Kind> {
        let mut word = String::from(first);
        while let Some(&letter) = self.letters.peek() {
            match letter {
                ';' | '#' | ',' | '"' => break,
                _ if letter.is_whitespace() => break,
                _ => word.extend(self.next()),
            }
        }
        match word.strip_suffix(':') {
            Some(name) if is_name(name) => Ok(Kind::Label(name.into())),
            Some(name) => {
                let what = "is not a label: use letters, digits, _ and ., and no digit first";
                error(column, format!("{} {what}", quoted(name)))
            }
            None => Ok(Kind::Word(word)),
        }
    }

    fn text(&mut self, column: usize) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(letter) => text.push(letter),
                None => return error(column, "the closing quote is missing"),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let column = self.column - 1;
        match self.next() {
            Some(letter @ ('"' | '\\')) => Ok(letter),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            _ => error(column, "unknown escape; use \\\", \\\\, \\n, \\r and \\t"),
        }
    }
}

fn is_name(word: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    word.chars().all(inner) && !word.starts_with(|letter: char| letter.is_ascii_digit()) && !word.is_empty()
}
