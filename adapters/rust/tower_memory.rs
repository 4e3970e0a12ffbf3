//! tower-sessions' MemoryStore as the store of stories.
//!
//! It is handed every call. It does not list what it holds, so its ids are noted here. Where a story says that the store is away or
//! full, the error of a store is answered in its place.

use crate::sessionproof_adapter::{Refusal, locked};
use crate::sessionproof_stories::{Kept, Store, awaited};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tower_sessions::{
    MemoryStore, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result as Stored},
};

/// Every clone is the same store.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    store: MemoryStore,
    ids: BTreeSet<i128>,
    state: String,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store, unless it is in one of these states.
    fn unless(&self, states: &[&str]) -> Stored<MemoryStore> {
        let Inner { store, state, .. } = &*self.lock();
        match states.contains(&state.as_str()) {
            true => Err(Error::Backend(format!("the store is {state}"))),
            false => Ok(store.clone()),
        }
    }

    /// What a session with this id opens as, whether the crate loads it or not.
    pub async fn opened(&self, id: Option<Id>) -> Stored<HashMap<String, Value>> {
        let Some(id) = id else { return Ok(HashMap::new()) };
        Ok(self.load(&id).await?.map(|record| record.data).unwrap_or_default())
    }
}

#[async_trait::async_trait]
impl SessionStore for Memory {
    async fn create(&self, record: &mut Record) -> Stored<()> {
        self.unless(&["down", "full"])?.create(record).await?;
        self.lock().ids.insert(record.id.0);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Stored<()> {
        self.unless(&["down", "full"])?.save(record).await?;
        self.lock().ids.insert(record.id.0);
        Ok(())
    }

    async fn load(&self, id: &Id) -> Stored<Option<Record>> {
        self.unless(&["down"])?.load(id).await
    }

    async fn delete(&self, id: &Id) -> Stored<()> {
        self.unless(&["down"])?.delete(id).await
    }
}

impl Store for Memory {
    fn name(&self) -> String {
        format!("memory ({})", locked(include_str!("Cargo.lock"), "tower-sessions-memory-store"))
    }

    fn states(&self) -> &'static [&'static str] {
        &["emptied", "full", "down", "up", "restarted"]
    }

    fn begin(&self, _now: SystemTime) -> Result<(), Refusal> {
        *self.lock() = Inner::default();
        Ok(())
    }

    fn look(&self) -> Result<Vec<Kept>, Refusal> {
        let Inner { store, ids, .. } = self.lock().clone();
        let mut keys = Vec::new();
        for id in ids {
            // What has ended is not handed out any more, though it stays in memory.
            let Ok(Some(record)) = awaited(store.load(&Id(id)))? else { continue };
            let left = (record.expiry_date - OffsetDateTime::now_utc()).whole_milliseconds();
            let bytes = json!(record.data).to_string().len();
            keys.push(Kept { key: record.id.to_string(), ends_in_ms: i64::try_from(left).ok(), bytes });
        }
        Ok(keys)
    }

    fn turn(&self, state: &str) -> Result<(), Refusal> {
        let mut inner = self.lock();
        match state {
            "emptied" => (inner.store, inner.ids) = Default::default(),
            "restarted" => *inner = Inner::default(),
            other => other.clone_into(&mut inner.state),
        }
        Ok(())
    }
}
