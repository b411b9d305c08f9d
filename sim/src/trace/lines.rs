//! The trace as JSON Lines: one object an event, fields in the order of [`Event::fields`](super::Event::fields).

use std::fmt::Write;
use std::rc::Rc;

use super::{Event, Names, Sink, Value};
use crate::engine::SimTime;

/// Hands each event to `write` as one line of JSON without the line end, e.g.
/// `{"at_ns":1500,"kind":"started","process":"order","restarts":0}`.
pub struct JsonLines<W: FnMut(&str)> {
    names: Rc<Names>,
    line: String,
    write: W,
}

impl<W: FnMut(&str)> JsonLines<W> {
    /// Lines for `write`; `names` is the table of the trace this is attached to.
    pub fn new(names: Rc<Names>, write: W) -> Self {
        Self { names, line: String::new(), write }
    }
}

impl<W: FnMut(&str)> Sink for JsonLines<W> {
    fn record(&mut self, at: SimTime, event: &Event) {
        let parts = event.fields();
        let line = &mut self.line;
        line.clear();
        // Writing to a String cannot fail, and names and words hold nothing that JSON would need escaped (`Debug` quotes them).
        let _ = write!(line, "{{\"at_ns\":{},\"kind\":\"{}\"", at.as_nanos(), parts.kind);
        for (key, value) in parts.fields.into_iter().flatten() {
            let _ = match value {
                Value::Name(name) => write!(line, ",\"{key}\":{:?}", &*self.names.text(name)),
                Value::Int(value) => write!(line, ",\"{key}\":{value}"),
                Value::Word(word) => write!(line, ",\"{key}\":\"{word}\""),
            };
        }
        line.push('}');
        (self.write)(&self.line);
    }
}
