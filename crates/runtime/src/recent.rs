//! What was just known: values that are likely to be asked for again at once, by the same process.
//!
//! Nothing may depend on a value being here, nor on its being the newest: it saves a question to the broker, and
//! whoever acts on it must notice when it was out of date.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A small memory that forgets by itself. `Debug` shows no value.
pub struct Recent<K, V> {
    lives: Duration,
    most: usize,
    inner: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// Keeps at most so many values, each for so long.
    pub fn new(most: usize, lives: Duration) -> Self {
        Self { lives, most, inner: Mutex::default() }
    }

    /// Remembers a value. When there is no room, what has outlived its time goes first, then everything.
    pub fn keep(&self, key: K, value: V) {
        let mut inner = self.lock();
        if inner.len() >= self.most {
            inner.retain(|_, (kept_at, _)| kept_at.elapsed() < self.lives);
        }
        if inner.len() >= self.most {
            inner.clear();
        }
        inner.insert(key, (Instant::now(), value));
    }

    /// The value, when it was kept lately.
    pub fn get(&self, key: &K) -> Option<V> {
        let inner = self.lock();
        let (kept_at, value) = inner.get(key)?;
        (kept_at.elapsed() < self.lives).then(|| value.clone())
    }

    /// Takes the value out, when it was kept lately.
    pub fn take(&self, key: &K) -> Option<V> {
        let (kept_at, value) = self.lock().remove(key)?;
        (kept_at.elapsed() < self.lives).then_some(value)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recent(at most {} for {:?})", self.most, self.lives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_there_until_its_time_is_over() {
        let recent = Recent::new(2, Duration::from_secs(5));
        recent.keep("a", 1);
        assert_eq!((recent.get(&"a"), recent.get(&"b")), (Some(1), None));
        recent.lock().get_mut("a").unwrap().0 -= Duration::from_secs(5);
        assert_eq!((recent.get(&"a"), recent.take(&"a")), (None, None));
    }

    #[test]
    fn it_never_grows_beyond_its_size() {
        let recent = Recent::new(2, Duration::from_secs(5));
        for number in 0..10 {
            recent.keep(number, number);
            assert!(recent.lock().len() <= 2);
            assert_eq!(recent.get(&number), Some(number));
        }
        assert_eq!(recent.take(&9), Some(9));
        assert_eq!(recent.get(&9), None);
    }
}
