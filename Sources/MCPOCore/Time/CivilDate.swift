// The Gregorian date of a day, without Foundation: for the log and for what people read of metrics.

/// A date of the Gregorian calendar.
package struct CivilDate: Equatable, Sendable {
    package let year: Int64
    /// 1 … 12
    package let month: Int64
    /// 1 … 31
    package let day: Int64

    /// The date of a day, counted from 1970-01-01; negative before.
    ///
    /// Counts 400-year eras of 146,097 days from March of the year 0, so that the leap day comes last
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    package init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = (shifted - (shifted < 0 ? 146_096 : 0)) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }
}
