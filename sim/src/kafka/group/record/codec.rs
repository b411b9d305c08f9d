//! Bytes and back: numbers as varints, texts and lists behind their length.

use std::rc::Rc;

use crate::kafka::types::TopicPartition;

/// Bytes being written.
pub(in crate::kafka) struct Writer(Vec<u8>);

impl Writer {
    /// Begins with a byte that says what follows.
    pub(in crate::kafka) fn new(kind: u8) -> Self {
        Self(vec![kind])
    }

    pub(in crate::kafka) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    pub(in crate::kafka) fn number(mut self, mut number: u64) -> Self {
        while number > 0x7f {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    pub(in crate::kafka) fn text(mut self, text: &str) -> Self {
        self = self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(in crate::kafka) fn optional(self, text: &Option<Rc<str>>) -> Self {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    pub(in crate::kafka) fn partition(self, partition: &TopicPartition) -> Self {
        self.text(&partition.topic).number(partition.partition.into())
    }

    pub(in crate::kafka) fn list<T>(self, items: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        items.iter().fold(self.number(items.len() as u64), write)
    }
}

/// Bytes being read. Panics where they end too early: only coordinators write them.
pub(in crate::kafka) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Takes the byte that says what follows.
    pub(in crate::kafka) fn new(bytes: &'a [u8]) -> (u8, Self) {
        (bytes[0], Self(&bytes[1..]))
    }

    pub(in crate::kafka) fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.take(1)[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    pub(in crate::kafka) fn small(&mut self) -> u32 {
        u32::try_from(self.number()).expect("written from 32 bits")
    }

    pub(in crate::kafka) fn text(&mut self) -> Rc<str> {
        let length = self.number() as usize;
        std::str::from_utf8(self.take(length)).expect("written from a text").into()
    }

    pub(in crate::kafka) fn optional(&mut self) -> Option<Rc<str>> {
        (self.number() == 1).then(|| self.text())
    }

    pub(in crate::kafka) fn partition(&mut self) -> TopicPartition {
        TopicPartition { topic: self.text(), partition: self.small() }
    }

    pub(in crate::kafka) fn list<T>(&mut self, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.number()).map(|_| read(self)).collect()
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
}
