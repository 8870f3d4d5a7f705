//! Latencies as counts in buckets that grow with the value, each at most 12.5 % wide.

/// The bucket of a latency in milliseconds.
pub(crate) fn bucket(millis: i64) -> i64 {
    let millis = millis.max(0);
    if millis < 16 {
        return millis;
    }
    let exponent = i64::from(millis.ilog2());
    16 + (exponent - 4) * 8 + ((millis >> (exponent - 3)) & 7)
}

/// The largest latency that falls in `bucket`.
fn upper(bucket: i64) -> i64 {
    if bucket < 16 {
        return bucket;
    }
    let (exponent, eighth) = ((bucket - 16) / 8 + 4, (bucket - 16) % 8);
    ((9 + eighth) << (exponent - 3)) - 1
}

/// The latencies, in milliseconds, below which the given shares of the counted events lie.
/// `counts` are (bucket, count) in order of buckets. `None` when nothing was counted.
pub fn quantiles<const N: usize>(counts: &[(i64, i64)], shares: [f64; N]) -> Option<[i64; N]> {
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    (total > 0).then(|| {
        shares.map(|share| {
            let rank = ((total as f64 * share).ceil() as i64).clamp(1, total);
            let mut seen = 0;
            let found = counts.iter().find(|(_, count)| {
                seen += count;
                seen >= rank
            });
            found.map_or(0, |(bucket, _)| upper(*bucket))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_the_values_up_to_its_upper_bound() {
        for millis in (0..5_000).chain([60_000, 3_600_000]) {
            assert!(upper(bucket(millis)) >= millis, "{millis}");
            assert!(bucket(upper(bucket(millis))) == bucket(millis), "{millis}");
            assert!(upper(bucket(millis)) as f64 <= millis as f64 * 1.126 + 1.0, "{millis}");
        }
    }

    #[test]
    fn quantiles_by_rank() {
        let counts = [(bucket(1), 50), (bucket(5), 45), (bucket(10), 5)];
        assert_eq!(quantiles(&counts, [0.5, 0.95, 0.99]), Some([1, 5, 10]));
        assert_eq!(quantiles(&[], [0.5]), None);
    }
}
