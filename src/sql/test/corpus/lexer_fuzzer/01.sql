org/img:1.0/Class a-b--c
 'it\'s' "a\"b" a/*x*/b [1,{2}]