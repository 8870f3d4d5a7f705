//! Numbers as people read them. Pure, and the same on both sides.

/// `84,390`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `99.87 %`; never rounded up to a hundred that it is not.
pub fn share(share: f64) -> String {
    let hundredths = (share * 10_000.0).floor() / 100.0;
    if hundredths >= 100.0 { "100 %".to_owned() } else { format!("{hundredths:.2} %") }
}

/// `+6 %` beside the number before; nothing when there was none.
pub fn change(now: u64, before: u64) -> Option<String> {
    if before == 0 {
        return None;
    }
    let percent = (now as f64 / before as f64 - 1.0) * 100.0;
    Some(match percent.round() {
        0.0 => "±0 %".to_owned(),
        fewer if fewer < 0.0 => format!("−{:.0} %", -fewer),
        more => format!("+{more:.0} %"),
    })
}

/// `1.4 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1_024.0 && unit + 1 < UNITS.len() {
        size /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{size:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_naturally() {
        assert_eq!(
            [0, 999, 1_000, 84_390, 1_234_567].map(count),
            ["0", "999", "1,000", "84,390", "1,234,567"]
        );
        assert_eq!([1.0, 0.99999, 0.5].map(share), ["100 %", "99.99 %", "50.00 %"]);
        let changes = [(106, 100), (94, 100), (100, 100), (5, 0)];
        let shown = changes.map(|(now, before)| change(now, before).unwrap_or_default());
        assert_eq!(shown, ["+6 %", "−6 %", "±0 %", ""]);
        assert_eq!([17, 4_096, 1_503_238_553].map(bytes), ["17 bytes", "4.0 KiB", "1.4 GiB"]);
    }
}
