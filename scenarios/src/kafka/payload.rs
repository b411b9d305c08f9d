//! What events say: the order of the article as JSON, and what follows from it.

use gridlock_sim::engine::SimTime;
use gridlock_sim::kafka::consumer::HandlerError;
use gridlock_sim::kafka::record::Record;
use serde::Deserialize;

/// What came of an order's reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stock is set aside.
    Reserved,
    /// There is none.
    Rejected,
}

/// `OrderCreated`, or what is known of it by its id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    order_id: String,
    #[serde(default)]
    rejected: bool,
}

/// The key of all events about an order.
fn key(order: u64) -> String {
    format!("{order:05}")
}

/// The article's order (MODEL-REFERENCE.md F: 118 bytes with five-digit ids), keyed by its id or not at all.
pub fn order_created(order: u64, keyed: bool, now: SimTime) -> Record {
    let key = key(order);
    let text = format!(
        r#"{{"orderId":"{key}","customerId":"67890","items":[{{"productId":"A123","quantity":2}},{{"productId":"B456","quantity":1}}]}}"#
    );
    Record::new(keyed.then_some(key.as_bytes()), text.as_bytes(), now)
}

/// `StockReserved` or `StockRejected`, keyed by the order.
pub fn stock_decided(order: u64, outcome: Outcome, now: SimTime) -> Record {
    let (key, rejected) = (key(order), outcome == Outcome::Rejected);
    let text = format!(r#"{{"orderId":"{key}","rejected":{rejected}}}"#);
    Record::new(Some(key.as_bytes()), text.as_bytes(), now)
}

/// Which order an event is about, and whether it was rejected.
///
/// # Errors
/// [`HandlerError::SyntaxError`] for what is no JSON, as `JSON.parse` throws; [`HandlerError::TypeError`] for JSON without an order.
pub fn read(record: &Record) -> Result<(u64, Outcome), HandlerError> {
    let bytes = record.value.as_deref().unwrap_or_default();
    let event: Event = serde_json::from_slice(bytes).map_err(|_| fault(bytes))?;
    let order = event.order_id.parse().map_err(|_| HandlerError::TypeError)?;
    Ok((order, if event.rejected { Outcome::Rejected } else { Outcome::Reserved }))
}

/// Which order an event is about, even if only its key tells.
pub fn order_of(record: &Record) -> Option<u64> {
    let by_key = || std::str::from_utf8(record.key.as_deref()?).ok()?.parse().ok();
    read(record).ok().map(|(order, _)| order).or_else(by_key)
}

/// What is wrong with text that is no event. The whole text is parsed before anybody looks for an order.
fn fault(bytes: &[u8]) -> HandlerError {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(_) => HandlerError::TypeError,
        Err(_) => HandlerError::SyntaxError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_the_bytes_of_the_articles_and_is_read_back() {
        let record = order_created(12_345, true, SimTime::ZERO);
        assert_eq!(record.value.as_ref().map(|value| value.len()), Some(118));
        assert_eq!(read(&record), Ok((12_345, Outcome::Reserved)));
        assert_eq!(read(&stock_decided(7, Outcome::Rejected, SimTime::ZERO)), Ok((7, Outcome::Rejected)));
    }

    #[test]
    fn what_is_no_order_is_thrown_as_javascript_does() {
        let thrown = |text: &str| read(&Record::new(None, text.as_bytes(), SimTime::ZERO)).unwrap_err();
        assert_eq!(thrown("{\"orderId\":"), HandlerError::SyntaxError);
        assert_eq!(thrown("{}"), HandlerError::TypeError);
    }
}
