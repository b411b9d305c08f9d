//! Interned names: copied like an integer, hashed like the text they stand for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::rc::Rc;

use siphasher::sip::SipHasher13;

/// The name of something that events speak of: a process, a link, a request class.
///
/// `hash` depends on the text alone, so that a digest does not depend on the order in which names were first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    id: u32,
    hash: u64,
}

impl Name {
    /// A hash of the text, equal in every run.
    pub const fn hash(self) -> u64 {
        self.hash
    }

    /// Position in order of first use: an index for tables, never for output.
    pub const fn index(self) -> usize {
        self.id as usize
    }
}

/// All names of a run.
#[derive(Default)]
pub struct Names {
    ids: RefCell<BTreeMap<Rc<str>, Name>>,
    texts: RefCell<Vec<Rc<str>>>,
}

impl Names {
    /// The name for a text.
    pub fn intern(&self, text: &str) -> Name {
        if let Some(&name) = self.ids.borrow().get(text) {
            return name;
        }
        let mut hasher = SipHasher13::new();
        hasher.write(text.as_bytes());
        let mut texts = self.texts.borrow_mut();
        let name = Name { id: u32::try_from(texts.len()).expect("fewer than 2^32 names"), hash: hasher.finish() };
        let text: Rc<str> = text.into();
        texts.push(text.clone());
        self.ids.borrow_mut().insert(text, name);
        name
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> Rc<str> {
        self.texts.borrow()[name.index()].clone()
    }
}
