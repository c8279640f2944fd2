"""Months, seasons and days of the week."""

from collections.abc import Iterator

from neuralopt.text.questions.base import Fact, fact

_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "tr": (
        *("Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran"),
        *("Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"),
    ),
}
_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "tr": ("Pazartesi", "Salı", "Çarşamba", "Perşembe", "Cuma", "Cumartesi", "Pazar"),
}
_SEASONS = {"en": ("winter", "spring", "summer", "autumn"), "tr": ("kış", "ilkbahar", "yaz", "sonbahar")}
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TEXTS = {
    "en": {
        "after": (
            "Which month comes right after {}?",
            "What is the next month when {} is over?",
            "{} is followed by which month?",
        ),
        "before": (
            "Which month comes right before {}?",
            "Which month has just ended when {} begins?",
            "{} follows which month?",
        ),
        "length": (
            "How many days does {} have in a year that is not a leap year?",
            "In a common year, how long is {} in days?",
            "What is the number of days of {} in an ordinary year?",
        ),
        "season": (
            "In which season is {} north of the equator?",
            "{} belongs to which season in the northern half of the world?",
            "In Europe, what season is it in {}?",
        ),
        "number": (
            "Which month of the year has the number {}?",
            "Counting from January, which month is number {}?",
            "Which month is written as {} in a date?",
        ),
        "later": (
            "If today is {}, which day is it {} days later?",
            "Today is {}. Which day will it be in {} days?",
            "Starting on a {}, on which weekday do you arrive after {} days?",
        ),
        "earlier": (
            "If today is {}, which day was it {} days ago?",
            "Today is {}. Which day was it {} days before?",
            "Counting back from a {}, which weekday is {} days earlier?",
        ),
    },
    "tr": {
        "after": (
            "{} ayından hemen sonra hangi ay gelir?",
            "{} bitince hangi ay başlar?",
            "{} ayını izleyen ay hangisidir?",
        ),
        "before": (
            "{} ayından hemen önce hangi ay gelir?",
            "{} başlarken hangi ay bitmiştir?",
            "{} hangi ayı izler?",
        ),
        "length": (
            "Artık olmayan bir yılda {} ayı kaç gün sürer?",
            "Sıradan bir yılda {} kaç gündür?",
            "365 günlük bir yılda {} ayının gün sayısı kaçtır?",
        ),
        "season": (
            "{} ayı ekvatorun kuzeyinde hangi mevsimdedir?",
            "Avrupa için {} hangi mevsimin ayıdır?",
            "Kuzey yarım kürede {} hangi mevsime girer?",
        ),
        "number": (
            "Yılın {}. ayı hangisidir?",
            "Bir tarihte ay olarak {} yazıyorsa o ay hangisidir?",
            "Ocak ayından sayınca {}. sırada hangi ay vardır?",
        ),
        "later": (
            "Bugün {} ise {} gün sonra hangi gündür?",
            "Günlerden {} olsun, {} gün geçince hangi gün olur?",
            "{} gününe {} gün eklenirse haftanın hangi gününe gelinir?",
        ),
        "earlier": (
            "Bugün {} ise {} gün önce hangi gündü?",
            "Günlerden {} olsun, bundan {} gün önce hangi gündeydik?",
            "{} gününden {} gün geriye gidilirse hangi güne gelinir?",
        ),
    },
}


def calendar(language: str) -> Iterator[Fact]:
    """Yield the facts; wrong answers are the other months, seasons, lengths and days."""
    texts, months, days = _TEXTS[language], _MONTHS[language], _DAYS[language]
    seasons = _SEASONS[language]
    for k, month in enumerate(months):
        different = [other for other in months if other != month]
        yield fact(texts["after"], [month], months[(k + 1) % 12], different)
        yield fact(texts["before"], [month], months[k - 1], different)
        yield fact(texts["length"], [month], str(_LENGTHS[k]), ("28", "30", "31"))
        yield fact(texts["season"], [month], seasons[(k + 1) // 3 % 4], seasons)
        yield fact(texts["number"], [k + 1], month, months)
    for k, day in enumerate(days):
        for count in range(2, 7):
            different = [other for other in days if other != day]
            yield fact(texts["later"], [day, count], days[(k + count) % 7], different)
            yield fact(texts["earlier"], [day, count], days[(k - count) % 7], different)
