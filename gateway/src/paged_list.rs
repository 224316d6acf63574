//! A sorted list that clients read page by page, each page encoded once for all of them.
//!
//! A change of an entry costs the page that has it; all others stay as they are encoded.
//! A reader says after which key it goes on, so that entries which come and go between
//! two pages neither repeat a page nor leave one out.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use bytes::Bytes;

/// Entries by key, in pages of a size that fits a frame.
#[derive(Debug)]
pub(crate) struct PagedList<K, V> {
    page_entries_max: usize,
    /// In the order of keys. None is empty.
    pages: Vec<Page<K, V>>,
}

#[derive(Debug)]
struct Page<K, V> {
    entries: BTreeMap<K, V>,
    /// The frame, and whether it says that another page follows.
    encoded: Option<(Bytes, bool)>,
}

impl<K: Ord + Clone, V> PagedList<K, V> {
    /// An empty list with pages of at most so many entries.
    pub(crate) const fn new(page_entries_max: usize) -> Self {
        Self {
            page_entries_max,
            pages: Vec::new(),
        }
    }

    /// The entry of a key.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let page = self.pages.get(self.page_of(key))?;
        page.entries.get(key)
    }

    /// All entries, in their order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.pages.iter().flat_map(|page| page.entries.values())
    }

    /// Adds an entry, in the place of one with the same key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let index = self.page_of(&key);
        let is_full = |page: &Page<K, V>| page.entries.len() >= self.page_entries_max;
        if index == self.pages.len() && self.pages.last().is_none_or(is_full) {
            // A list that comes in its order has full pages.
            let entries = BTreeMap::from([(key, value)]);
            return self.pages.push(Page::new(entries));
        }
        let index = index.min(self.pages.len() - 1);
        let page = &mut self.pages[index];
        page.encoded = None;
        page.entries.insert(key, value);
        if page.entries.len() > self.page_entries_max {
            let middle = page.entries.keys().nth(page.entries.len() / 2).cloned();
            if let Some(middle) = middle {
                let upper = page.entries.split_off(&middle);
                self.pages.insert(index + 1, Page::new(upper));
            }
        }
    }

    /// Removes an entry.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = self.page_of(key);
        let page = self.pages.get_mut(index)?;
        let removed = page.entries.remove(key)?;
        page.encoded = None;
        if page.entries.is_empty() {
            self.pages.remove(index);
        } else {
            self.join_small(index);
            self.join_small(index.saturating_sub(1));
        }
        Some(removed)
    }

    /// The page with the first entry after a key, or the first page. `encode` makes its
    /// frame from the entries and whether another page follows.
    pub(crate) fn page<Q: Ord + ?Sized>(
        &mut self,
        after: Option<&Q>,
        encode: impl FnOnce(&BTreeMap<K, V>, bool) -> Bytes,
    ) -> Bytes
    where
        K: Borrow<Q>,
    {
        let index = after.map_or(0, |key| {
            let is_before = |page: &Page<K, V>| page.last() <= Some(key);
            self.pages.partition_point(is_before)
        });
        let has_more = index + 1 < self.pages.len();
        let Some(page) = self.pages.get_mut(index) else {
            return encode(&BTreeMap::new(), false);
        };
        match &page.encoded {
            Some((frame, said)) if *said == has_more => frame.clone(),
            Some(_) | None => {
                let frame = encode(&page.entries, has_more);
                page.encoded = Some((frame.clone(), has_more));
                frame
            }
        }
    }

    /// The index of the page that has a key, or would have it.
    fn page_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        self.pages.partition_point(|page| page.last() < Some(key))
    }

    /// Makes one page of two that are half empty together, so that a list which has
    /// become short has few pages.
    fn join_small(&mut self, index: usize) {
        let both = self.pages.get(index..index + 2).unwrap_or_default();
        let entries: usize = both.iter().map(|page| page.entries.len()).sum();
        if both.len() == 2 && entries <= self.page_entries_max / 2 {
            let upper = self.pages.remove(index + 1);
            let lower = &mut self.pages[index];
            lower.entries.extend(upper.entries);
            lower.encoded = None;
        }
    }
}

impl<K: Ord, V> Page<K, V> {
    const fn new(entries: BTreeMap<K, V>) -> Self {
        Self {
            entries,
            encoded: None,
        }
    }

    fn last<Q: Ord + ?Sized>(&self) -> Option<&Q>
    where
        K: Borrow<Q>,
    {
        self.entries.last_key_value().map(|(key, _)| key.borrow())
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    const PAGE: usize = 8;

    fn frame(entries: &BTreeMap<u32, u32>, has_more: bool) -> Bytes {
        let mut bytes: Vec<u8> = entries.keys().flat_map(|key| key.to_be_bytes()).collect();
        bytes.push(u8::from(has_more));
        bytes.into()
    }

    fn keys(frame: &Bytes) -> (Vec<u32>, bool) {
        let (has_more, keys) = frame.split_last().unwrap();
        let keys = keys
            .chunks(4)
            .map(|key| u32::from_be_bytes(key.try_into().unwrap()));
        (keys.collect(), *has_more == 1)
    }

    /// What a client reads, page by page.
    fn read(list: &mut PagedList<u32, u32>) -> Vec<u32> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, has_more) = keys(&list.page(after.as_ref(), frame));
            assert!(page.len() <= PAGE && (!has_more || !page.is_empty()));
            all.extend(page);
            if !has_more {
                return all;
            }
            after = all.last().copied();
        }
    }

    #[test]
    fn has_what_a_map_has() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut list, mut map) = (PagedList::new(PAGE), BTreeMap::new());
        for step in 0..4_000_u32 {
            let key = rng.random_range(0..200);
            // It grows, and becomes short again.
            if rng.random_bool(if step < 2_000 { 0.7 } else { 0.2 }) {
                list.insert(key, step);
                map.insert(key, step);
            } else {
                assert_eq!(list.remove(&key), map.remove(&key));
            }
            assert_eq!(list.get(&key), map.get(&key));
            if step % 7 == 0 {
                assert_eq!(read(&mut list), map.keys().copied().collect::<Vec<_>>());
            }
        }
        let pages_max = map.len().div_ceil(PAGE / 4) + 1;
        assert!(list.pages.len() <= pages_max, "{} pages", list.pages.len());
    }

    #[test]
    fn encodes_a_page_once_until_it_changes() {
        let mut list = PagedList::new(PAGE);
        (0..40).for_each(|key| list.insert(key, key));
        read(&mut list);
        let mut encoded = 0;
        let mut count = |list: &mut PagedList<u32, u32>, after: Option<&u32>| {
            let page = list.page(after, |entries, has_more| {
                encoded += 1;
                frame(entries, has_more)
            });
            (keys(&page).0, encoded)
        };
        let (first, none) = count(&mut list, None);
        assert_eq!(
            (first[0], none),
            (0, 0),
            "it was encoded for another reader"
        );
        list.insert(first[1], 7);
        assert_eq!(count(&mut list, None).1, 1);
        assert_eq!(
            count(&mut list, first.last()).1,
            1,
            "the next page has not changed"
        );
    }

    #[test]
    fn a_list_that_comes_in_its_order_has_full_pages() {
        let mut list = PagedList::new(PAGE);
        (0..10 * PAGE as u32).for_each(|key| list.insert(key, key));
        assert_eq!(list.pages.len(), 10);
    }

    #[test]
    fn a_page_that_becomes_the_last_says_so() {
        let mut list = PagedList::new(PAGE);
        (0..=PAGE as u32).for_each(|key| list.insert(key, key));
        let (first, has_more) = keys(&list.page(None::<&u32>, frame));
        assert!(has_more);
        let (second, _) = keys(&list.page(first.last(), frame));
        for key in second {
            list.remove(&key);
        }
        assert_eq!(keys(&list.page(None::<&u32>, frame)), (first, false));
    }

    #[test]
    fn a_reader_goes_on_where_it_was_whatever_has_changed() {
        let mut list = PagedList::new(PAGE);
        (0..40).for_each(|key| list.insert(key * 10, key));
        let (first, _) = keys(&list.page(None::<&u32>, frame));
        let last = *first.last().unwrap();
        list.remove(&last);
        list.insert(last + 1, 0);
        let (second, _) = keys(&list.page(Some(&last), frame));
        assert!(second.contains(&(last + 1)) && second.contains(&(last + 10)));
        assert_eq!(keys(&list.page(Some(&1_000), frame)), (Vec::new(), false));
    }
}
