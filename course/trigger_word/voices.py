"""Who says what in notebook 3-2: words, voices, and which of them are kept for which part."""

WORD = "activate"


def _names(text):
    return text.split()


ACCENTS = (
    "en",
    "en-us",
    "en-029",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-gb-x-rp",
    "en-us-nyc",
)

# Voices of espeak-ng in whose "activate" a recogniser that knew nothing of this course heard the
# word, in every accent or in some. Voices of one family (klatt, klatt2 ...) are never parted.
VOICES = {
    "training": _names("""
        Alex Alicia Andrea Andy Diogo Gene Gene2 Hugo Jacky Mike Nguyen Storm UniRobot anika
        anikaRobot antonio belinda benjamin croak edward edward2 f2 f3 f5 fast gustave iven iven2
        iven3 iven4 linda m1 m4 m6 m7 m8 marcelo michel miguel mike2 paul pedro quincy robert
        robosoft robosoft2 robosoft3 robosoft4 robosoft5 robosoft7 sandro shelby victor
    """),
    "validation": _names("Henrique caleb david grandpa m5 steph steph2 steph3"),
    "test": _names("""
        Denis Michael Reed adam aunty ed f1 john klatt klatt2 klatt3 klatt4 klatt5 klatt6 m3 rob
        whisper whisperf
    """),
}

NEAR = _names("""
    activity active captivate deactivate actor acting actually activist cultivate motivate
    renovate actuate aggravate elevate animate estimate activities actively factory attractive
    captive adequate accurate acrobat vacate innovate tractor action inactive reactor accelerate
    cavity actress protective act creative tentative
""")

# Spoken in the test part and nowhere else.
NEW_NEAR = _names("""
    reactivate activism proactive captivity actuary aggregate excavate interactive navigate
    radioactive salivate hyperactive actuator alleviate reactive acclimate
""")
