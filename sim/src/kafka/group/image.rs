//! What the committed records of a coordinator's partition add up to: exactly what its next leader will find.
//!
//! **Never here:** parked requests, timers, and whatever else dies with a coordinator.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::record::{GroupRecord, Stored, StoredGroup};
use crate::kafka::types::TopicPartition;

/// What is stored of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredImage {
    /// The group itself; none if offsets were committed without ever joining.
    pub group: Option<StoredGroup>,
    /// Its offsets.
    pub offsets: BTreeMap<TopicPartition, Stored>,
}

/// What is stored of all groups of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(BTreeMap<Rc<str>, StoredImage>);

impl Image {
    /// Applies the next committed record.
    pub fn replay(&mut self, record: GroupRecord) {
        let (GroupRecord::Offset { group: name, .. } | GroupRecord::Group { group: name, .. }) = &record;
        let name = name.clone();
        let entry = self.0.entry(name.clone()).or_default();
        match record {
            GroupRecord::Offset { partition, stored: Some(stored), .. } => {
                entry.offsets.insert(partition, stored);
            }
            GroupRecord::Offset { partition, stored: None, .. } => {
                entry.offsets.remove(&partition);
            }
            GroupRecord::Group { stored, .. } => entry.group = stored,
        }
        if entry.group.is_none() && entry.offsets.is_empty() {
            self.0.remove(&name);
        }
    }

    /// What is stored of a group.
    pub fn get(&self, group: &str) -> Option<&StoredImage> {
        self.0.get(group)
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = (&Rc<str>, &StoredImage)> {
        self.0.iter()
    }
}
