//! Lines of an untrusted stream, read into bounded memory.
//!
//! It knows bytes and newlines, not what the lines mean.

use std::io::{BufRead, ErrorKind};

/// How much of a line that is too long is kept, to be shown (bytes).
const SHOWN: usize = 512;

/// What came next on the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The stream ended, after these bytes without a newline.
    End(Vec<u8>),
    /// A line longer than the limit; this is how it begins. Nothing may be read after it.
    TooLong(Vec<u8>),
    /// A line, without its newline.
    Whole(Vec<u8>),
}

/// The lines of a stream.
pub(crate) struct Lines<R> {
    input: R,
    limit: usize,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `limit` bytes.
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self { input, limit }
    }

    /// The next line. A stream that cannot be read any further has ended.
    pub(crate) fn next(&mut self) -> Line {
        let mut line = Vec::new();
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) | Ok([]) => return Line::End(line),
                Ok(chunk) => chunk,
            };
            let newline = chunk.iter().position(|byte| *byte == b'\n');
            let (part, _) = chunk.split_at(newline.unwrap_or(chunk.len()));
            if line.len() + part.len() > self.limit {
                line.extend(part.iter().take(SHOWN));
                line.truncate(SHOWN);
                return Line::TooLong(line);
            }
            line.extend_from_slice(part);
            let consumed = part.len() + usize::from(newline.is_some());
            self.input.consume(consumed);
            if newline.is_some() {
                return Line::Whole(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read, repeat};

    /// Every line of `text`, read through a buffer of three bytes.
    fn lines(text: &str, limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(BufReader::with_capacity(3, text.as_bytes()), limit);
        let mut all = Vec::new();
        loop {
            all.push(lines.next());
            if !matches!(all.last(), Some(Line::Whole(_))) {
                return all;
            }
        }
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_come_whole_whatever_the_buffer() {
        assert_eq!(lines("a\n\nlonger\n", 6), [whole("a"), whole(""), whole("longer"), Line::End(Vec::new())]);
    }

    #[test]
    fn what_follows_the_last_newline_is_not_a_line() {
        assert_eq!(lines("a\nrest", 6), [whole("a"), Line::End(b"rest".to_vec())]);
    }

    #[test]
    fn a_line_over_the_limit_is_told_by_its_beginning() {
        assert_eq!(lines("abcde\nabcdef\n", 5), [whole("abcde"), Line::TooLong(b"abcdef".to_vec())]);
    }

    #[test]
    fn an_endless_line_takes_no_more_than_the_limit() {
        let mut input = BufReader::new(repeat(b'x').take(1 << 40));
        assert_eq!(Lines::new(&mut input, 100_000).next(), Line::TooLong(vec![b'x'; SHOWN]));
        assert!(input.into_inner().limit() > (1 << 40) - 200_000);
    }
}
